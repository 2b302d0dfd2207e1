"""Moving a waiting job to the front or the end of the queue, past the turns that members take."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.errors import JobUnknown
from engine.contract.jobs import JobStatus
from engine.store.jobs import notify_changed
from engine.store.tables import held_jobs, jobs


class End(StrEnum):
    """The end of the queue to which a job is moved."""

    FIRST = "first"
    LAST = "last"


# An engine that picks the entry meanwhile has the job.
_MOVE_ENTRY = sa.text("""
    UPDATE pgqueuer SET priority = :priority WHERE dedupe_key = CAST(:job_id AS text) AND status = 'queued'
""").bindparams(sa.bindparam("job_id", type_=sa.Text))


async def move_job(connection: AsyncConnection, job_id: UUID, end: End) -> JobStatus:
    """Move the job and return `WAITING`; return what it is instead when no longer waiting, and move nothing.

    First: before every job that waits now. Last: after all of them, and what its member asks for from now on comes
    after it. A held job is where it was moved to once it is released.

    Raises: JobUnknown.
    """
    own = sa.select(jobs.c.status).where(jobs.c.id == job_id).with_for_update()
    status = (await connection.execute(own)).scalar_one_or_none()
    if status is None:
        raise JobUnknown(job_id=job_id)
    if status != JobStatus.WAITING.value:
        return JobStatus(status)
    turn = await _turn_at(connection, job_id, end)
    moved = await connection.execute(_MOVE_ENTRY, {"priority": -turn, "job_id": str(job_id)})
    is_held = sa.select(sa.exists().where(held_jobs.c.job_id == job_id))
    if not moved.rowcount and not (await connection.execute(is_held)).scalar_one():
        return JobStatus.RUNNING
    await connection.execute(sa.update(jobs).where(jobs.c.id == job_id).values(turn=turn))
    await notify_changed(connection, job_id)
    return JobStatus.WAITING


async def _turn_at(connection: AsyncConnection, job_id: UUID, end: End) -> int:
    outermost = jobs.c.turn.asc() if end is End.FIRST else jobs.c.turn.desc()
    others = sa.select(jobs.c.turn).where(jobs.c.status == JobStatus.WAITING.value, jobs.c.id != job_id)
    turn = (await connection.execute(others.order_by(outermost).limit(1))).scalar_one_or_none()
    return (turn or 0) + (-1 if end is End.FIRST else 1)
