"""Queue positions: how many jobs wait, how many are ahead of a job, and how long a job takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.jobs import MAX_COUNTED_AHEAD, Job, JobStatus
from engine.store.jobs import PENDING
from engine.store.tables import jobs


async def count_pending(connection: AsyncConnection, member_id: UUID) -> int:
    """Return how many of the member's jobs are waiting or running."""
    query = sa.select(sa.func.count()).where(jobs.c.member_id == member_id, PENDING)
    return int((await connection.execute(query)).scalar_one())


async def count_pending_of(connection: AsyncConnection, member_ids: Sequence[UUID]) -> list[int]:
    """Return how many of each member's jobs are waiting or running."""
    listed = sa.literal(list(set(member_ids)), pg.ARRAY(pg.UUID))
    query = sa.select(jobs.c.member_id, sa.func.count().label("pending")).where(
        jobs.c.member_id == sa.any_(listed), PENDING
    )
    rows = await connection.execute(query.group_by(jobs.c.member_id))
    pending = {row.member_id: int(row.pending) for row in rows}
    return [pending.get(member_id, 0) for member_id in member_ids]


async def count_waiting(connection: AsyncConnection) -> int:
    """Return how many jobs are waiting for an engine."""
    query = sa.select(sa.func.count()).where(jobs.c.status == JobStatus.WAITING.value)
    return int((await connection.execute(query)).scalar_one())


async def count_ahead(connection: AsyncConnection, job: Job) -> int:
    """Return how many waiting jobs are ahead of this one, at most `MAX_COUNTED_AHEAD`; further ones are not read."""
    mine = sa.select(jobs.c.turn, jobs.c.id).where(jobs.c.id == job.id).subquery()
    ahead = (
        sa.select(jobs.c.id)
        .where(
            jobs.c.status == JobStatus.WAITING.value,
            sa.tuple_(jobs.c.turn, jobs.c.id) < sa.select(mine.c.turn, mine.c.id).scalar_subquery(),
        )
        # In the order of the index, which Postgres otherwise does not always use.
        .order_by(jobs.c.turn, jobs.c.id)
        .limit(MAX_COUNTED_AHEAD)
        .subquery()
    )
    query = sa.select(sa.func.count()).select_from(ahead)
    return int((await connection.execute(query)).scalar_one())


async def read_queue_positions(connection: AsyncConnection, job_ids: Collection[UUID]) -> Mapping[UUID, int]:
    """Return how many waiting jobs are ahead of each of these jobs, as `count_ahead` counts them.

    Jobs that are not waiting are left out. Only the front of the queue is read, however many jobs wait.
    """
    order = sa.func.row_number().over(order_by=(jobs.c.turn, jobs.c.id))
    front = (
        sa.select(jobs.c.id, (order - 1).label("ahead"))
        .where(jobs.c.status == JobStatus.WAITING.value)
        .order_by(jobs.c.turn, jobs.c.id)
        .limit(MAX_COUNTED_AHEAD)
        .subquery()
    )
    listed = sa.literal(list(job_ids), pg.ARRAY(pg.UUID))
    rows = await connection.execute(
        sa.select(jobs.c.id, sa.func.coalesce(front.c.ahead, MAX_COUNTED_AHEAD).label("ahead"))
        .select_from(jobs.outerjoin(front, front.c.id == jobs.c.id))
        .where(jobs.c.id == sa.any_(listed), jobs.c.status == JobStatus.WAITING.value)
    )
    return {row.id: row.ahead for row in rows}


async def read_typical_duration(connection: AsyncConnection) -> timedelta | None:
    """Return the median painting time of the last twenty finished jobs, or None when none has finished."""
    took = (jobs.c.ended_at - jobs.c.started_at).label("took")
    recent = (
        sa.select(took)
        .where(jobs.c.ended_at.is_not(None), jobs.c.status == JobStatus.FINISHED.value)
        .order_by(jobs.c.ended_at.desc())
        .limit(20)
        .subquery()
    )
    median = sa.func.percentile_cont(0.5).within_group(recent.c.took)
    duration: timedelta | None = (await connection.execute(sa.select(median))).scalar_one()
    return duration
