"""What members agree to: each choice is kept as proof, and the newest is in force; and who was shown the notice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.exports import withdraw_exports
from bot.store.learning.adapters import adapters_of_member
from bot.store.learning.profiles import withdraw_profiles
from bot.store.members import lock_members
from bot.store.tables import consent_choices, consent_notices, members

_log = structlog.get_logger()

_CLAIM_LASTS = timedelta(minutes=1)
"""After this, a notice that nobody says was shown is shown by another process: its own may have died."""

_COLUMNS = ", ".join(consent_choices.c.keys())
# An older interaction that comes late is kept, and changes nothing. `consent` is for the release before this table.
_STORE = sa.text(f"""
    WITH given AS (
        SELECT * FROM jsonb_populate_recordset(NULL::consent_choices, :rows)
    ), added AS (
        INSERT INTO consent_choices ({_COLUMNS}) SELECT {_COLUMNS} FROM given ORDER BY press_id
        ON CONFLICT (press_id) DO NOTHING
    )
    UPDATE members
    SET consent_version = given.version, may_train = given.may_train, may_publish = given.may_publish,
        consent_press = given.press_id,
        consent = CASE WHEN given.may_train AND given.may_publish THEN 'publish'
            WHEN given.may_train THEN 'train' ELSE 'use' END
    FROM given
    WHERE members.id = given.member_id AND coalesce(members.consent_press < given.press_id, true)
""").bindparams(sa.bindparam("rows", type_=pg.JSONB))  # noqa: S608  the names are the table's own


@dataclass(frozen=True, kw_only=True)
class ConsentChoice:
    """A member's choice, and the proof of it.

    press_id: Discord's id of the interaction, which orders choices by time.
    version: of the text that the member was shown.
    """

    press_id: int
    member_id: UUID
    version: int
    may_train: bool
    may_publish: bool
    at: datetime


class NoticeClaim(Enum):
    """Who shows a member the notice: this process, another one right now, or nobody, because it has been done."""

    OURS = auto()
    THEIRS = auto()
    DONE = auto()


async def store_choices(connection: AsyncConnection, choices: Sequence[ConsentChoice]) -> list[None]:
    """Store the choices of different members, each of whom is locked; one that is stored already changes nothing.

    Files of exports that hold something of who agreed to publishing, and does no longer, are taken back. Adapters that
    have learnt from who agreed to training, and does no longer, are named in the log: they must be trained anew. Styles
    of single members that have learnt from them are deleted, and their own with them.
    """
    rows = [
        {
            "press_id": choice.press_id,
            "member_id": str(choice.member_id),
            "version": choice.version,
            "may_train": choice.may_train,
            "may_publish": choice.may_publish,
            "at": choice.at.isoformat(),
        }
        for choice in choices
    ]
    if not all(choice.may_publish for choice in choices):
        await _withdraw(connection, [choice.member_id for choice in choices if not choice.may_publish])
    for choice in choices:
        if not choice.may_train and (learnt := await _learnt_from(connection, choice.member_id)):
            _log.warning("adapters_to_train_anew", cause="withdrew", adapters=learnt)
    if refusing := await _refusing_now(connection, choices):
        await withdraw_profiles(connection, refusing)
    await connection.execute(_STORE, {"rows": rows})
    return [None] * len(choices)


async def _withdraw(connection: AsyncConnection, member_ids: Sequence[UUID]) -> None:
    agreed = sa.select(members.c.id).where(members.c.id.in_(member_ids), members.c.may_publish)
    for member_id in (await connection.execute(agreed)).scalars().all():
        await withdraw_exports(connection, member_id, "withdrew")


async def _refusing_now(connection: AsyncConnection, choices: Sequence[ConsentChoice]) -> list[UUID]:
    """Return who agrees to training no longer; an older choice that comes late changes nothing."""
    refused = {choice.member_id: choice.press_id for choice in choices if not choice.may_train}
    if not refused:
        return []
    listed = sa.any_(sa.literal(list(refused), pg.ARRAY(pg.UUID)))
    rows = await connection.execute(sa.select(members.c.id, members.c.consent_press).where(members.c.id == listed))
    return [row.id for row in rows if row.consent_press is None or row.consent_press < refused[row.id]]


async def _learnt_from(connection: AsyncConnection, member_id: UUID) -> Sequence[str]:
    """Return which adapters have learnt from a member who agrees to training until now."""
    agreed = sa.select(members.c.may_train).where(members.c.id == member_id)
    if not (await connection.execute(agreed)).scalar_one_or_none():
        return ()
    return await adapters_of_member(connection, member_id)


async def read_choices(connection: AsyncConnection, member_id: UUID) -> tuple[ConsentChoice, ...]:
    """Return every choice of the member, oldest first."""
    query = sa.select(consent_choices).where(consent_choices.c.member_id == member_id)
    rows = await connection.execute(query.order_by(consent_choices.c.press_id))
    return tuple(ConsentChoice(**row._mapping) for row in rows)


async def claim_notice(connection: AsyncConnection, discord_id: int, version: int) -> NoticeClaim:
    """Return who shows the Discord user the notice about this version of the text; OURS once, whoever else asks.

    Who has chosen with this version need not be shown it.
    """
    (member,) = await lock_members(connection, [discord_id])
    if (member.consent_in_force.version or 0) >= version:
        return NoticeClaim.DONE
    insert = pg.insert(consent_notices).values(member_id=member.id, version=version)
    is_given_up = sa.and_(
        ~consent_notices.c.is_shown, consent_notices.c.claimed_at < sa.func.now() - sa.literal(_CLAIM_LASTS)
    )
    claim = insert.on_conflict_do_update(
        index_elements=["member_id", "version"], set_={"claimed_at": sa.func.now()}, where=is_given_up
    )
    if (await connection.execute(claim)).rowcount:
        return NoticeClaim.OURS
    is_shown = sa.select(consent_notices.c.is_shown).where(*_of(member.id, version))
    return NoticeClaim.DONE if (await connection.execute(is_shown)).scalar_one() else NoticeClaim.THEIRS


async def record_notice(connection: AsyncConnection, discord_id: int, version: int) -> None:
    """Record that the Discord user was shown the notice."""
    (member,) = await lock_members(connection, [discord_id])
    await connection.execute(sa.update(consent_notices).where(*_of(member.id, version)).values(is_shown=True))


def _of(member_id: UUID, version: int) -> tuple[sa.ColumnElement[Any], ...]:
    return consent_notices.c.member_id == member_id, consent_notices.c.version == version
