"""Appeals of members: against a refusal for a forbidden word, a time out or a ban, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.pictures import Showing, ShownWhere
from bot.store.interaction import InteractionContext
from bot.store.members import lock_members
from bot.store.moderation.members import IN_FORCE
from bot.store.moderation.picture_rules import read_showing
from bot.store.moderation.tables import (
    AppealSubject,
    CaseKind,
    Decision,
    guild_restrictions,
    moderation_cases,
    refusals,
)
from engine.contract.feedback import Surface
from engine.contract.ids import new_id
from engine.store.jobs import read_jobs_with_pictures


class AppealState(Enum):
    """What has become of an appeal."""

    NONE = auto()
    OPEN = auto()
    REFUSED = auto()


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What can be appealed, by its id, and what has become of that; id: None where nothing can be."""

    id: UUID | None
    state: AppealState


@dataclass(frozen=True, kw_only=True)
class Appealed:
    """What a member says was wrong: the refusal or the restriction that has this id, or the job that is withheld."""

    guild_id: int | None
    member_id: UUID
    id: UUID


@dataclass(frozen=True, kw_only=True)
class NewAppeal:
    """An appeal to be opened.

    text: the prompt that was refused or whose result is withheld, or the reason of the time out or the ban.
    rule: what forbids the prompt. job_id: of the result that is withheld.
    language: in which the member is told how it is decided.
    """

    appealed: Appealed
    subject: AppealSubject
    text: str
    rule: str | None = None
    job_id: UUID | None = None
    language: str = "en"


@dataclass(frozen=True, kw_only=True)
class AskedPrompt:
    """A prompt, who asks for it, and where."""

    guild_id: int | None
    member_id: UUID
    prompt: str


async def note_refusal(connection: AsyncConnection, context: InteractionContext, prompt: str, rule: str) -> Standing:
    """Keep what was refused to the member last in the guild; the same prompt again is the same refusal."""
    (member,) = await lock_members(connection, [context.discord_id])
    insert = pg.insert(refusals).values(
        id=new_id(), guild_id=context.guild_id, member_id=member.id, prompt=prompt, rule=rule
    )
    new, old = insert.excluded, refusals.c
    changed = {
        "id": sa.case((old.prompt == new.prompt, old.id), else_=new.id),
        "prompt": new.prompt,
        "rule": new.rule,
        "at": sa.func.now(),
    }
    stored = insert.on_conflict_do_update(index_elements=["guild_id", "member_id"], set_=changed)
    refusal_id = (await connection.execute(stored.returning(old.id))).scalar_one()
    return await read_standing(connection, refusal_id)


async def read_standing(connection: AsyncConnection, appealed_id: UUID | None) -> Standing:
    """Return what has become of an appeal against what has this id."""
    own = moderation_cases.c
    query = sa.select(own.decision).where(own.appealed_id == appealed_id, own.kind == CaseKind.APPEAL.value)
    row = (await connection.execute(query)).one_or_none() if appealed_id else None
    if row is None:
        return Standing(id=appealed_id, state=AppealState.NONE)
    state = AppealState.OPEN if row.decision is None else AppealState.REFUSED
    return Standing(id=appealed_id, state=state)


async def find_appealed(connection: AsyncConnection, asked: Sequence[Appealed]) -> list[NewAppeal | None]:
    """Return what each member can appeal; None for what is over, was replaced, or is somebody else's."""
    return [
        await _refused(connection, one) or await _restricted(connection, one) or await _withheld(connection, one)
        for one in asked
    ]


async def open_appeals(connection: AsyncConnection, appeals: Sequence[NewAppeal]) -> list[bool]:
    """Open a case for each appeal; False where there is or was one."""
    opened = []
    for appeal in appeals:
        row = {
            "id": new_id(),
            "kind": CaseKind.APPEAL.value,
            "guild_id": appeal.appealed.guild_id,
            "member_id": appeal.appealed.member_id,
            "appeal_of": appeal.subject.value,
            "appealed_id": appeal.appealed.id,
            "refused": appeal.text,
            "rule": appeal.rule,
            "job_id": appeal.job_id,
            "language": appeal.language,
        }
        opened.append(
            bool((await connection.execute(pg.insert(moderation_cases).values(row).on_conflict_do_nothing())).rowcount)
        )
    return opened


async def find_accepted(connection: AsyncConnection, asked: Sequence[AskedPrompt]) -> list[bool]:
    """Return for each prompt whether moderators of the guild have accepted its member's appeal for it."""
    own = moderation_cases.c
    listed = sa.any_(sa.literal(sorted({one.member_id for one in asked}), pg.ARRAY(pg.UUID)))
    query = sa.select(own.guild_id, own.member_id, own.refused).where(
        own.member_id == listed,
        own.decision == Decision.ACCEPT.value,
        own.appeal_of == AppealSubject.WORDS.value,
    )
    accepted = {(row.guild_id, row.member_id, row.refused) for row in await connection.execute(query)}
    return [(one.guild_id, one.member_id, one.prompt) in accepted for one in asked]


async def end_appealed(connection: AsyncConnection, ended: Sequence[Appealed]) -> list[None]:
    """End the time outs and bans that have these ids."""
    for one in ended:
        query = sa.delete(guild_restrictions).where(*_restriction_of(one))
        await connection.execute(query)
    return [None] * len(ended)


async def record_told(connection: AsyncConnection, case_id: UUID) -> None:
    """Record that the member was told how their appeal was decided, or cannot be."""
    await connection.execute(sa.update(moderation_cases).where(moderation_cases.c.id == case_id).values(is_told=True))


async def _refused(connection: AsyncConnection, appealed: Appealed) -> NewAppeal | None:
    own = refusals.c
    query = sa.select(refusals).where(
        own.guild_id == appealed.guild_id, own.member_id == appealed.member_id, own.id == appealed.id
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    return NewAppeal(appealed=appealed, subject=AppealSubject.WORDS, text=row.prompt, rule=row.rule)


async def _restricted(connection: AsyncConnection, appealed: Appealed) -> NewAppeal | None:
    query = sa.select(guild_restrictions).where(*_restriction_of(appealed), IN_FORCE)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else NewAppeal(appealed=appealed, subject=AppealSubject(row.kind), text=row.reason)


async def _withheld(connection: AsyncConnection, appealed: Appealed) -> NewAppeal | None:
    (found,) = await read_jobs_with_pictures(connection, [appealed.id])
    if found is None or found[0].member_id != appealed.member_id:
        return None
    job, painted = found
    where = ShownWhere(guild_id=appealed.guild_id, surface=Surface.GUILD, is_age_restricted=False)
    if await read_showing(connection, where, job, painted) is not Showing.WITHHOLD:
        return None
    return NewAppeal(appealed=appealed, subject=AppealSubject.PICTURE, text=job.spec.prompt, job_id=job.id)


def _restriction_of(appealed: Appealed) -> tuple[sa.ColumnElement[bool], ...]:
    own: Any = guild_restrictions.c
    return own.guild_id == appealed.guild_id, own.member_id == appealed.member_id, own.case_id == appealed.id
