"""Posting cases: claimed by one process at a time, and shown in one message each, which is kept up to date.

A claim is a lease: another process takes over from one that died.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.moderation.cases import Case, DiscordPlace, read_cases
from bot.store.moderation.tables import Decision, moderation_cases, moderator_channels
from bot.store.tables import DeliveryState, deliveries
from engine.contract.jobs import Job, Picture
from engine.store.jobs import read_jobs_with_pictures
from engine.store.tables import pictures

CLAIM_LASTS = timedelta(minutes=2)
"""After this, another process posts a case."""

REST = timedelta(seconds=30)
"""How long a message stays as it is, however many reports come, unless its case is decided."""


async def claim_case(connection: AsyncConnection) -> Case | None:
    """Return the case whose message has waited longest to be posted or edited, for this process alone; None if none.

    Those of guilds that have no moderators' channel wait until there is one, those whose channel has a fault until it
    is tried again.
    """
    own, channels = moderation_cases.c, moderator_channels.c
    usable = sa.select(channels.guild_id).where(sa.or_(channels.retry_at.is_(None), channels.retry_at <= sa.func.now()))
    chosen = (
        sa.select(own.id)
        .where(
            # An array, so that cases of other guilds, which may be many, are not looked at.
            own.guild_id == sa.any_(sa.func.array(usable.scalar_subquery(), type_=pg.ARRAY(sa.BigInteger))),
            own.version > own.shown_version,
            own.due_at <= sa.func.now(),
            sa.or_(own.claimed_until.is_(None), own.claimed_until < sa.func.now()),
        )
        .order_by(own.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    until = sa.func.clock_timestamp() + CLAIM_LASTS
    claimed = sa.update(moderation_cases).where(own.id == chosen.scalar_subquery())
    values = {"claimed_until": until, "attempts": own.attempts + 1}
    case_id = (await connection.execute(claimed.values(values).returning(own.id))).scalar_one_or_none()
    return None if case_id is None else (await read_cases(connection, [case_id]))[0]


async def record_shown(connection: AsyncConnection, case: Case, message: DiscordPlace | None) -> bool:
    """Store that the message shows the case as it was claimed; False if what it shows was erased meanwhile."""
    shown = {"case_channel_id": message and message.channel_id, "case_message_id": message and message.message_id}
    rested = {"due_at": sa.func.clock_timestamp() + REST, "attempts": 0, "shown_version": case.version}
    own = moderation_cases.c
    # An erasure takes one or the other away.
    is_whole = (own.job_id.is_not_distinct_from(case.job_id), own.member_id.is_not_distinct_from(case.member_id))
    same = (own.id == case.id, *is_whole)
    changed = await connection.execute(sa.update(moderation_cases).where(*same).values(**shown, **rested))
    return bool(changed.rowcount)


async def release_case(connection: AsyncConnection, case_id: UUID, *, after: timedelta | None) -> None:
    """Leave the case to whoever comes next, after a while if one is given."""
    later = {} if after is None else {"due_at": sa.func.clock_timestamp() + after}
    released = sa.update(moderation_cases).where(moderation_cases.c.id == case_id)
    await connection.execute(released.values(claimed_until=None, **later))


async def forget_case_message(connection: AsyncConnection, case_id: UUID) -> None:
    """Record that somebody has deleted the message of an open case, which is posted anew then."""
    gone = {"case_channel_id": None, "case_message_id": None}
    await connection.execute(sa.update(moderation_cases).where(moderation_cases.c.id == case_id).values(**gone))


async def close_gone(connection: AsyncConnection, case_id: UUID) -> None:
    """Close a case of which nothing is left."""
    own = moderation_cases.c
    closed = {"decision": Decision.GONE.value, "decided_at": sa.func.now(), "version": own.version + 1}
    await connection.execute(
        sa.update(moderation_cases).where(own.id == case_id, own.decision.is_(None)).values(**closed)
    )


async def read_reported(connection: AsyncConnection, case: Case) -> tuple[Job | None, Picture | None]:
    """Return the job that the case is about, and the one picture of it; None for what is erased, or a whole grid."""
    if case.job_id is None:
        return None, None
    (found,) = await read_jobs_with_pictures(connection, [case.job_id])
    if found is None:
        return None, None
    job, painted = found
    return job, next((picture for picture in painted if picture.slot == case.slot), None)


async def read_result_places(connection: AsyncConnection, case: Case) -> tuple[list[DiscordPlace], bool]:
    """Return every message of the guild that shows what the case is about, and whether one more is being posted."""
    own = deliveries.c
    query = sa.select(own.channel_id, own.message_id, own.state).where(
        own.job_id == case.job_id, own.guild_id == case.guild_id
    )
    if case.slot is not None:
        of_slot = sa.select(pictures.c.id).where(pictures.c.job_id == case.job_id, pictures.c.slot == case.slot)
        query = query.where(sa.or_(own.picture_id.is_(None), own.picture_id.in_(of_slot)))
    rows = (await connection.execute(query)).all()
    found = [
        DiscordPlace(channel_id=row.channel_id, message_id=row.message_id) for row in rows if row.message_id is not None
    ]
    is_posting = any(row.message_id is None and row.state == DeliveryState.OPEN.value for row in rows)
    return [*found, *([case.reported] if case.reported and case.reported not in found else ())], is_posting
