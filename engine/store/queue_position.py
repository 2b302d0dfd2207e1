"""Queue positions: how many jobs wait, how many are ahead of a job, and how long recent ones took."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.jobs import MAX_COUNTED_AHEAD, JobStatus, Operation
from engine.contract.queue_state import QueueState
from engine.store.jobs import PENDING
from engine.store.tables import held_jobs, jobs, queue_pause

_TAKEN = sa.and_(jobs.c.status == JobStatus.RUNNING.value, jobs.c.progress == 0)
"""The condition that an engine holds a job and has not begun to paint it."""

_WAITS = sa.and_(jobs.c.status == JobStatus.WAITING.value, ~sa.exists().where(held_jobs.c.job_id == jobs.c.id))
"""The condition that a job waits for an engine."""


def _positions() -> sa.Select[tuple[UUID, int]]:
    """Return the statement that `read_queue_positions` executes."""
    taken = sa.select(jobs.c.id, jobs.c.turn, sa.literal(0).label("stage")).where(_TAKEN).limit(MAX_COUNTED_AHEAD)
    waiting = (
        sa.select(jobs.c.id, jobs.c.turn, sa.literal(1).label("stage"))
        .where(_WAITS)
        .order_by(jobs.c.turn, jobs.c.id)
        .limit(MAX_COUNTED_AHEAD)
    )
    unbegun = sa.union_all(taken.subquery().select(), waiting.subquery().select()).subquery()
    order = sa.func.row_number().over(order_by=(unbegun.c.stage, unbegun.c.turn, unbegun.c.id))
    front = sa.select(unbegun.c.id, (order - 1).label("ahead")).subquery()
    asked = jobs.c.id == sa.any_(sa.bindparam("job_ids", type_=pg.ARRAY(pg.UUID)))
    ahead = sa.func.least(sa.func.coalesce(front.c.ahead, MAX_COUNTED_AHEAD), MAX_COUNTED_AHEAD)
    return (
        sa.select(jobs.c.id, ahead.label("ahead"))
        .select_from(jobs.outerjoin(front, front.c.id == jobs.c.id))
        .where(asked, sa.or_(jobs.c.status == JobStatus.WAITING.value, _TAKEN))
    )


_POSITIONS = _positions()


@dataclass(frozen=True, kw_only=True)
class Run:
    """When an engine took a job, and when it finished it; if it has not, now, and how much of it is painted."""

    began: datetime
    ended: datetime
    share: float = 1.0


async def count_pending(connection: AsyncConnection, member_id: UUID) -> int:
    """Return how many of the member's jobs are waiting or running."""
    query = sa.select(sa.func.count()).where(jobs.c.member_id == member_id, PENDING)
    return int((await connection.execute(query)).scalar_one())


async def read_queue_state(connection: AsyncConnection) -> QueueState:
    """Return what is in the queue, read through the indexes of pending jobs; held ones are not."""
    running = jobs.c.status == JobStatus.RUNNING.value
    num_running = sa.select(sa.func.count()).select_from(jobs).where(running).scalar_subquery()
    is_paused = sa.exists(queue_pause.select())
    query = sa.select(sa.func.count(), num_running, sa.func.min(jobs.c.created_at), is_paused).where(_WAITS)
    row = (await connection.execute(query)).one()
    return QueueState(num_waiting=row[0], num_running=row[1], waiting_since=row[2], is_paused=row[3])


async def read_queue_positions(connection: AsyncConnection, job_ids: Collection[UUID]) -> Mapping[UUID, int]:
    """Return how many jobs are painted before each of these, at most `MAX_COUNTED_AHEAD`.

    Counted are those without a single step: the waiting ones, but for those that are held, and before them those that
    an engine has taken but not begun to paint. Jobs that are painted or over are left out. Only the front of the queue
    is read, however many wait.
    """
    rows = await connection.execute(_POSITIONS, {"job_ids": list(job_ids)})
    return {row.id: row.ahead for row in rows}


async def read_present_runs(connection: AsyncConnection) -> tuple[Run, ...]:
    """Return the jobs that are being painted, but for those that engines have only taken."""
    query = sa.select(jobs.c.started_at, sa.func.now().label("now"), jobs.c.progress).where(
        jobs.c.status == JobStatus.RUNNING.value, jobs.c.progress > 0, jobs.c.operation != Operation.TRAIN.value
    )
    rows = await connection.execute(query)
    return tuple(Run(began=row.started_at, ended=row.now, share=row.progress) for row in rows)


async def read_recent_runs(connection: AsyncConnection) -> tuple[Run, ...]:
    """Return when the last twenty jobs that engines have finished were painted."""
    query = (
        sa.select(jobs.c.started_at, jobs.c.ended_at)
        .where(
            jobs.c.ended_at.is_not(None),
            # Pairs for `/rank` are painted outside the queue.
            jobs.c.started_at.is_not(None),
            jobs.c.status == JobStatus.FINISHED.value,
            jobs.c.operation != Operation.TRAIN.value,
        )
        .order_by(jobs.c.ended_at.desc())
        .limit(20)
    )
    return tuple(Run(began=row.started_at, ended=row.ended_at) for row in await connection.execute(query))
