"""The queue as far as it is one guild's: its pause, and the jobs that its members have asked for there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.guilds.tables import guild_pauses
from bot.store.tables import DeliveryKind, deliveries, members
from engine.contract.jobs import JobStatus
from engine.store.held_jobs import hold_jobs, release_jobs
from engine.store.jobs import LISTED_PROMPT
from engine.store.tables import held_jobs, jobs

_LATE = timedelta(minutes=1)
"""How long before a pause a job may be created whose transaction the pause does not see."""

_JOIN = deliveries.join(jobs, jobs.c.id == deliveries.c.job_id)
_IS_JOB = deliveries.c.kind == DeliveryKind.GRID.value


@dataclass(frozen=True, kw_only=True)
class GuildJob:
    """A job of a guild that waits or is painted; `progress` is the fraction of the steps done."""

    id: UUID
    discord_id: int
    status: JobStatus
    progress: float
    prompt: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class GuildQueue:
    """What a guild has in the queue; `jobs` are the first of them, in the order in which they are painted."""

    is_paused: bool
    num_running: int
    num_waiting: int
    jobs: tuple[GuildJob, ...] = ()


async def pause_guild(connection: AsyncConnection, guild_id: int) -> bool:
    """Hold the guild's waiting jobs, and refuse new ones until it is resumed; False if it was paused already.

    Jobs whose transactions are not committed yet are held by `hold_late_jobs`.
    """
    paused = pg.insert(guild_pauses).values(guild_id=guild_id).on_conflict_do_nothing()
    if (await connection.execute(paused.returning(guild_pauses.c.guild_id))).first() is None:
        return False
    await _hold(connection, guild_id, since=None)
    return True


async def resume_guild(connection: AsyncConnection, guild_id: int) -> bool:
    """Queue the guild's held jobs again; False if it was not paused."""
    ended = sa.delete(guild_pauses).where(guild_pauses.c.guild_id == guild_id)
    if not (await connection.execute(ended)).rowcount:
        return False
    held = sa.select(held_jobs.c.job_id).join(deliveries, deliveries.c.job_id == held_jobs.c.job_id)
    rows = await connection.execute(held.where(deliveries.c.guild_id == guild_id, _IS_JOB))
    await release_jobs(connection, list(rows.scalars()))
    return True


async def hold_late_jobs(connection: AsyncConnection) -> frozenset[int]:
    """Hold the jobs that were committed while their guild was being paused; return the guilds that are paused."""
    # Of a guild that is being resumed, nothing is held afterwards.
    rows = (await connection.execute(sa.select(guild_pauses).with_for_update(read=True))).all()
    for row in rows:
        await _hold(connection, row.guild_id, since=row.paused_at - _LATE)
    return frozenset(row.guild_id for row in rows)


async def find_paused(connection: AsyncConnection, guild_ids: Sequence[int | None]) -> list[bool]:
    """Return for each guild whether it is paused; outside guilds nothing is."""
    listed = sa.literal([one for one in set(guild_ids) if one is not None], pg.ARRAY(sa.BigInteger))
    query = sa.select(guild_pauses.c.guild_id).where(guild_pauses.c.guild_id == sa.any_(listed))
    paused = set((await connection.execute(query)).scalars())
    return [guild_id in paused for guild_id in guild_ids]


async def read_guild_queue(connection: AsyncConnection, guild_id: int, *, limit: int) -> GuildQueue:
    """Return the guild's queue, with its first `limit` jobs: those that are painted, and then the waiting ones."""
    pending = sa.and_(
        deliveries.c.guild_id == guild_id,
        _IS_JOB,
        jobs.c.status.in_((JobStatus.RUNNING.value, JobStatus.WAITING.value)),
    )
    counted = sa.select(jobs.c.status, sa.func.count().label("number")).select_from(_JOIN).where(pending)
    counts = {row.status: int(row.number) for row in await connection.execute(counted.group_by(jobs.c.status))}
    plain = (jobs.c.id, jobs.c.status, jobs.c.progress, jobs.c.created_at, members.c.discord_id)
    asked = _JOIN.join(members, members.c.id == deliveries.c.member_id)
    first = sa.select(*plain, LISTED_PROMPT.label("prompt")).select_from(asked).where(pending)
    order = (jobs.c.status == JobStatus.WAITING.value, jobs.c.turn, jobs.c.id)
    rows = await connection.execute(first.order_by(*order).limit(limit)) if limit else ()
    (is_paused,) = await find_paused(connection, [guild_id])
    return GuildQueue(
        is_paused=is_paused,
        num_running=counts.get(JobStatus.RUNNING.value, 0),
        num_waiting=counts.get(JobStatus.WAITING.value, 0),
        jobs=tuple(GuildJob(**{**row._mapping, "status": JobStatus(row.status)}) for row in rows),
    )


async def _hold(connection: AsyncConnection, guild_id: int, *, since: datetime | None) -> None:
    waiting = (deliveries.c.guild_id == guild_id, _IS_JOB, jobs.c.status == JobStatus.WAITING.value)
    late = () if since is None else (deliveries.c.created_at >= since,)
    query = sa.select(jobs.c.id).select_from(_JOIN).where(*waiting, *late)
    job_ids = list((await connection.execute(query)).scalars())
    if job_ids:
        await hold_jobs(connection, job_ids)
