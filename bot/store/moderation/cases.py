"""Cases in Postgres: opened by reports, read by moderators, and forgotten as far as an erasure asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.moderation.tables import AppealSubject, CaseKind, Decision, moderation_cases, moderator_channels
from bot.store.tables import members
from engine.contract.feedback import ReportReason
from engine.contract.ids import new_id

# The counts of both sides are added, reason by reason.
_ADD_REPORTS = sa.text("""
    INSERT INTO moderation_cases AS known
        (id, kind, guild_id, member_id, job_id, slot, reported_channel_id, reported_message_id, num_reports, reasons)
    SELECT id, 'report', guild_id, member_id, job_id, slot, reported_channel_id, reported_message_id, num_reports,
        reasons
    FROM jsonb_populate_recordset(NULL::moderation_cases, :rows) ORDER BY guild_id, job_id, slot
    ON CONFLICT (guild_id, job_id, coalesce(slot, -1)) WHERE kind = 'report' AND decision IS NULL DO UPDATE
    SET num_reports = known.num_reports + excluded.num_reports,
        reasons = (
            SELECT jsonb_object_agg(reason, number) FROM (
                SELECT reason, sum(number::integer) AS number FROM (
                    SELECT * FROM jsonb_each_text(known.reasons) UNION ALL
                    SELECT * FROM jsonb_each_text(excluded.reasons)
                ) AS counted (reason, number) GROUP BY reason
            ) AS summed
        ),
        version = known.version + 1
""").bindparams(sa.bindparam("rows", type_=pg.JSONB))

_owner, _decider = members.alias("owner"), members.alias("decider")
_SELECT = (
    sa.select(
        moderation_cases,
        moderator_channels.c.channel_id,
        _owner.c.discord_id,
        _decider.c.discord_id.label("decider_id"),
    )
    .outerjoin(moderator_channels, moderator_channels.c.guild_id == moderation_cases.c.guild_id)
    .outerjoin(_owner, _owner.c.id == moderation_cases.c.member_id)
    .outerjoin(_decider, _decider.c.id == moderation_cases.c.decided_by)
)


@dataclass(frozen=True, kw_only=True)
class DiscordPlace:
    """A message, and the channel that it is in."""

    channel_id: int
    message_id: int


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report of a member's picture, or of the grid if `slot` is None; not who made it."""

    guild_id: int
    member_id: UUID
    job_id: UUID
    slot: int | None
    place: DiscordPlace | None
    reason: ReportReason


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """How a case was decided.

    discord_id: of who decided it; None where nobody did, or if they were erased since.
    reason: as the member reads it; None where none was asked for. until: when a time out ends.
    is_removed: whether the messages with the picture are deleted.
    """

    decision: Decision
    discord_id: int | None
    at: datetime
    press_id: int | None = None
    reason: str | None = None
    until: datetime | None = None
    is_removed: bool = False


@dataclass(frozen=True, kw_only=True)
class NewRuling:
    """How a case is to be decided, and by which member."""

    case_id: UUID
    decided_by: UUID
    ruling: Ruling


@dataclass(frozen=True, kw_only=True)
class Appeal:
    """What a case of that kind is against.

    id: of the refusal, or of the case that restricts the member. text: the prompt that was refused, or the reason of
    what is appealed. Both are None once the member is erased. rule: what forbids the prompt.
    is_told: whether the member knows the decision, or cannot be told. language: in which they are.
    """

    subject: AppealSubject
    id: UUID | None
    text: str | None
    rule: str | None
    is_told: bool
    language: str = "en"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A case.

    member_id, discord_id: whom it is about; None once they are erased.
    job_id: None once it is erased. slot: None for a whole grid. reported: where it was reported first.
    appeal: None of a case of another kind. reasons: how many members gave which. ruling: None while it is open.
    channel_id: where the guild's moderators want to read cases; None if they have not said.
    message: the one in which they read this one; None while there is none.
    is_brought: whether the member brought the picture that must never appear.
    attempts: how often it was begun to post or edit it since that last succeeded.
    """

    id: UUID
    kind: CaseKind
    guild_id: int
    member_id: UUID | None
    discord_id: int | None
    job_id: UUID | None
    slot: int | None
    reported: DiscordPlace | None
    appeal: Appeal | None
    num_reports: int
    reasons: Mapping[ReportReason, int]
    opened_at: datetime
    ruling: Ruling | None
    channel_id: int | None
    message: DiscordPlace | None
    version: int
    attempts: int
    is_brought: bool = False


async def add_reports(connection: AsyncConnection, reports: Sequence[Report]) -> list[None]:
    """Open a case for what is reported, or count the report in the open case that there is of it."""
    by_subject: dict[tuple[int, UUID, int | None], list[Report]] = {}
    for report in reports:
        by_subject.setdefault((report.guild_id, report.job_id, report.slot), []).append(report)
    await connection.execute(_ADD_REPORTS, {"rows": [_row_from_reports(of_one) for of_one in by_subject.values()]})
    return [None] * len(reports)


async def read_cases(connection: AsyncConnection, case_ids: Sequence[UUID]) -> list[Case | None]:
    """Return the cases, None for one that does not exist."""
    listed = sa.any_(sa.literal(list(case_ids), pg.ARRAY(pg.UUID)))
    rows = await connection.execute(_SELECT.where(moderation_cases.c.id == listed))
    found = {row.id: _case_from_row(row) for row in rows}
    return [found.get(case_id) for case_id in case_ids]


async def rule_cases(connection: AsyncConnection, rulings: Sequence[NewRuling]) -> list[bool]:
    """Decide each case, and have its message say so at once; False for one that is decided already."""
    own = moderation_cases.c
    won = []
    for new in rulings:
        ruling = new.ruling
        values = {
            "decision": ruling.decision.value,
            "decided_at": ruling.at,
            "decided_by": new.decided_by,
            "decided_press_id": ruling.press_id,
            "reason": ruling.reason,
            "until": ruling.until,
            "is_removed": ruling.is_removed,
            "version": own.version + 1,
            "due_at": sa.func.now(),
        }
        decided = sa.update(moderation_cases).where(own.id == new.case_id, own.decision.is_(None)).values(values)
        won.append(bool((await connection.execute(decided)).rowcount))
    return won


async def read_decided(connection: AsyncConnection, guild_id: int, *, limit: int) -> list[Case]:
    """Return those of the guild's last cases that are decided, the newest first."""
    own = moderation_cases.c
    newest = _SELECT.where(own.guild_id == guild_id, own.decision.is_not(None)).order_by(own.id.desc()).limit(limit)
    return [_case_from_row(row) for row in await connection.execute(newest)]


async def count_open(connection: AsyncConnection, guild_id: int) -> int:
    """Return how many of the guild's cases are to be decided."""
    own = moderation_cases.c
    query = sa.select(sa.func.count()).where(own.guild_id == guild_id, own.decision.is_(None))
    return int((await connection.execute(query)).scalar_one())


async def erase_cases(connection: AsyncConnection, member_id: UUID, job_ids: Collection[UUID]) -> list[DiscordPlace]:
    """Forget the member, and what the cases about these jobs show; return the messages to be deleted.

    What stays is that there was a case, what was reported of it, and how it was decided.
    """
    own = moderation_cases.c
    listed = sa.any_(sa.literal(list(job_ids), pg.ARRAY(pg.UUID)))
    about = sa.or_(own.member_id == member_id, own.job_id == listed)
    rows = (await connection.execute(sa.select(moderation_cases).where(about).with_for_update())).all()
    gone = dict.fromkeys(("job_id", "slot", "reported_channel_id", "reported_message_id"))
    gone |= dict.fromkeys(("case_channel_id", "case_message_id", "reason", "appealed_id", "refused"))
    closed = {
        "decision": sa.func.coalesce(own.decision, Decision.GONE.value),
        "decided_at": sa.func.coalesce(own.decided_at, sa.func.now()),
        "shown_version": own.version,
    }
    await connection.execute(sa.update(moderation_cases).where(about).values(**gone, **closed))
    for column in (own.member_id, own.decided_by):
        await connection.execute(sa.update(moderation_cases).where(column == member_id).values({column: None}))
    return [place for row in rows if (place := _place(row.case_channel_id, row.case_message_id))]


def _row_from_reports(reports: Sequence[Report]) -> dict[str, Any]:
    first = reports[0]
    return {
        "id": str(new_id()),
        "guild_id": first.guild_id,
        "member_id": str(first.member_id),
        "job_id": str(first.job_id),
        "slot": first.slot,
        "reported_channel_id": first.place and first.place.channel_id,
        "reported_message_id": first.place and first.place.message_id,
        "num_reports": len(reports),
        "reasons": Counter(report.reason.value for report in reports),
    }


def _case_from_row(row: sa.Row[Any]) -> Case:
    return Case(
        id=row.id,
        kind=CaseKind(row.kind),
        guild_id=row.guild_id,
        member_id=row.member_id,
        discord_id=_person(row.discord_id),
        job_id=row.job_id,
        slot=row.slot,
        appeal=_appeal_from_row(row),
        reported=_place(row.reported_channel_id, row.reported_message_id),
        num_reports=row.num_reports,
        reasons={ReportReason(name): number for name, number in row.reasons.items()},
        opened_at=row.opened_at,
        ruling=_ruling_from_row(row),
        channel_id=row.channel_id,
        message=_place(row.case_channel_id, row.case_message_id),
        version=row.version,
        attempts=row.attempts,
        is_brought=row.is_brought,
    )


def _appeal_from_row(row: sa.Row[Any]) -> Appeal | None:
    if row.appeal_of is None:
        return None
    return Appeal(
        subject=AppealSubject(row.appeal_of),
        id=row.appealed_id,
        text=row.refused,
        rule=row.rule,
        is_told=row.is_told,
        language=row.language,
    )


def _ruling_from_row(row: sa.Row[Any]) -> Ruling | None:
    if row.decision is None:
        return None
    return Ruling(
        decision=Decision(row.decision),
        discord_id=_person(row.decider_id),
        at=row.decided_at,
        press_id=row.decided_press_id,
        reason=row.reason,
        until=row.until,
        is_removed=row.is_removed,
    )


def _person(discord_id: int | None) -> int | None:
    """Return the id; None for somebody who is being erased, whose id is negative."""
    return discord_id if discord_id is not None and discord_id > 0 else None


def _place(channel_id: int | None, message_id: int | None) -> DiscordPlace | None:
    if channel_id is None or message_id is None:
        return None
    return DiscordPlace(channel_id=channel_id, message_id=message_id)
