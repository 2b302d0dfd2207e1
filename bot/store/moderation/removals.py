"""What of a job was taken out of a guild, in Postgres."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.removals import Removals
from bot.store.tables import deliveries
from engine.feedback.store.months import first_press_on

# What its owner has brought back since is no longer deleted.
_REMOVED = sa.text("""
    SELECT job_id, guild_id, slot, false AS is_by_owner FROM moderation_cases
    WHERE job_id = ANY (:job_ids) AND is_removed
    UNION ALL
    SELECT job_id, guild_id, slot, is_owner FROM actions AS deletion
    WHERE press_id >= :since AND job_id = ANY (:job_ids) AND verb = 'delete' AND NOT (is_owner AND EXISTS (
        SELECT FROM deliveries
        WHERE deliveries.job_id = deletion.job_id AND deliveries.member_id = deletion.member_id
            AND deliveries.created_at > deletion.at
    ))
""").bindparams(sa.bindparam("job_ids", type_=pg.ARRAY(pg.UUID)), sa.bindparam("since", type_=sa.BigInteger))


@dataclass(frozen=True, kw_only=True)
class JobInGuild:
    """A job, and the guild that is asked about; None outside guilds, where nobody removes anything."""

    job_id: UUID
    guild_id: int | None


async def find_removals(connection: AsyncConnection, asked: Sequence[JobInGuild]) -> list[Removals]:
    """Return for each what was taken out; months before the oldest of the jobs are not looked into."""
    job_ids = sorted({one.job_id for one in asked if one.guild_id is not None})
    wanted = {"job_ids": job_ids, "since": min(map(first_press_on, job_ids), default=0)}
    rows = (await connection.execute(_REMOVED, wanted)).all() if job_ids else ()
    slots: dict[tuple[JobInGuild, bool], set[int | None]] = defaultdict(set)
    for row in rows:
        slots[JobInGuild(job_id=row.job_id, guild_id=row.guild_id), row.is_by_owner].add(row.slot)
    return [Removals(by_moderators=frozenset(slots[one, False]), by_owner=frozenset(slots[one, True])) for one in asked]


async def find_delivered(connection: AsyncConnection, asked: Sequence[JobInGuild]) -> list[bool]:
    """Return for each whether the job was posted in the guild, so that its administrators may take it out there."""
    own = deliveries.c
    jobs = sa.any_(sa.literal(sorted({one.job_id for one in asked}), pg.ARRAY(pg.UUID)))
    query = sa.select(own.job_id, own.guild_id, own.surface.is_(None).label("is_anywhere")).where(own.job_id == jobs)
    rows = (await connection.execute(query)).all()
    there = {(row.job_id, row.guild_id) for row in rows}
    # Deliveries of older releases do not say where they are.
    anywhere = {row.job_id for row in rows if row.is_anywhere}
    return [(one.job_id, one.guild_id) in there or one.job_id in anywhere for one in asked]
