"""The valid transitions of a job's status: each is one UPDATE that matches the job only in a state it may leave.

An engine passes the start it made, so that it changes nothing after another engine took over the job. A cancellation is
also announced on the channel `easel_cancels`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.edits import Edit, json_from_edit
from engine.contract.errors import PainterLost
from engine.contract.jobs import MAX_ATTEMPTS, MAX_CRASHES, Job, JobStatus, Picture
from engine.store.at_once import let_in
from engine.store.jobs import JOBS_CHANNEL, PENDING, job_from_row, notify_changed, read_job
from engine.store.tables import jobs, pictures, previews

CANCELS_CHANNEL = "easel_cancels"


async def reclaim_job(connection: AsyncConnection, job_id: UUID) -> Job | None:
    """Return the job as it waits for its start, or None when it has ended.

    If it is marked running, the engine that ran it is gone: it waits again, and pays no attempt, because engines are
    also killed by others. The crash is counted; a job that was in hand at `MAX_CRASHES` of them fails.
    """
    query = sa.update(jobs).where(jobs.c.id == job_id, jobs.c.status == JobStatus.RUNNING.value)
    values = {"status": JobStatus.WAITING.value, "progress": 0, "attempts": _unpaid(), "crashes": jobs.c.crashes + 1}
    row = (await connection.execute(query.values(values).returning(*jobs.c))).one_or_none()
    if row is None:
        job = await read_job(connection, job_id)
        return None if job is None or job.status is not JobStatus.WAITING else job
    if row.crashes >= MAX_CRASHES:
        await fail_job(connection, job_id, {"error": PainterLost.__name__, "crashes": row.crashes})
        return None
    await _drop_preview(connection, job_id)
    await notify_changed(connection, job_id)
    return job_from_row(row)


async def uncount_crash(connection: AsyncConnection, job_id: UUID, *, start: int) -> None:
    """Take back the crash that was counted when the job was reclaimed from this start, whose engine lives after all."""
    query = sa.update(jobs).where(jobs.c.id == job_id, PENDING, jobs.c.starts >= start, jobs.c.crashes > 0)
    await connection.execute(query.values(crashes=jobs.c.crashes - 1))


async def start_job(connection: AsyncConnection, job_id: UUID) -> Job | None:
    """Mark the job running and begin an attempt; return None when the job has ended.

    Repeating it begins no further attempt, as after a commit whose confirmation was lost.
    """
    attempts = sa.case((jobs.c.status == JobStatus.WAITING.value, jobs.c.attempts + 1), else_=jobs.c.attempts)
    query = (
        sa.update(jobs)
        .where(jobs.c.id == job_id, PENDING)
        .values(
            status=JobStatus.RUNNING.value,
            attempts=attempts,
            starts=jobs.c.starts + 1,
            progress=0,
            started_at=sa.func.now(),
        )
        .returning(*jobs.c)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    await notify_changed(connection, job_id)
    return job_from_row(row)


async def read_held(connection: AsyncConnection, starts: Mapping[UUID, int]) -> frozenset[UUID]:
    """Return which of the jobs, given with their start, are still running from that start."""
    query = sa.select(jobs.c.id, jobs.c.starts).where(
        jobs.c.id.in_(list(starts)), jobs.c.status == JobStatus.RUNNING.value
    )
    rows = await connection.execute(query)
    return frozenset(row.id for row in rows if row.starts == starts[row.id])


async def record_progress(
    connection: AsyncConnection,
    job_id: UUID,
    progress: float,
    preview: bytes | None,
    *,
    start: int | None = None,
    left: timedelta | None = None,
) -> bool:
    """Store the fraction of steps done and, if given, the preview; return False when the job is no longer running.

    left: how long the rest of a training takes.
    """
    query = sa.update(jobs).where(*_running(job_id, start))
    expected_at = {} if left is None else {"expected_at": sa.func.now() + left}
    changed = await connection.execute(query.values(progress=progress, **expected_at))
    if not changed.rowcount:
        return False
    if preview is not None:
        insert = pg.insert(previews).values(job_id=job_id, image=preview)
        await connection.execute(
            insert.on_conflict_do_update(index_elements=["job_id"], set_={"image": insert.excluded.image})
        )
    await notify_changed(connection, job_id)
    return True


async def finish_job(
    connection: AsyncConnection,
    job_id: UUID,
    painted: Sequence[Picture],
    grid_key: str,
    grid_type: str,
    *,
    start: int | None = None,
    edit: Edit | None = None,
) -> bool:
    """Store the pictures and mark the job finished; False, and nothing stored, when it is no longer running.

    edit: what was done to the source, where that is more than the job asked for.
    """
    values: dict[str, Any] = {"progress": 1.0, "grid_key": grid_key, "grid_type": grid_type}
    if edit is not None:
        values["edit"] = json_from_edit(edit)
    if not await _end_job(connection, job_id, JobStatus.FINISHED, _running(job_id, start), values):
        return False
    if painted:
        await connection.execute(sa.insert(pictures), [_row_from_picture(picture) for picture in painted])
    return True


async def fail_job(
    connection: AsyncConnection, job_id: UUID, cause: Mapping[str, Any], *, start: int | None = None
) -> bool:
    """Mark the job failed with its cause (`{"error": class name, ...facts}`); return False if it had ended."""
    allowed = (jobs.c.id == job_id, PENDING) if start is None else _running(job_id, start)
    return await _end_job(connection, job_id, JobStatus.FAILED, allowed, {"cause": dict(cause)})


async def cancel_job(connection: AsyncConnection, job_id: UUID) -> bool:
    """Mark a waiting or running job cancelled; its engine stops at the next step. Return False if it had ended."""
    return bool(await cancel_jobs(connection, [job_id]))


async def cancel_jobs(connection: AsyncConnection, job_ids: Collection[UUID]) -> frozenset[UUID]:
    """Mark waiting and running jobs cancelled; return those that had not ended."""
    listed = _array(job_ids)
    # Locked in one order, so that no two transactions wait for a job that the other has cancelled.
    locked = sa.select(jobs.c.id).where(jobs.c.id == sa.any_(listed), PENDING).order_by(jobs.c.id).with_for_update()
    query = sa.update(jobs).where(jobs.c.id.in_(locked.cte("locked").select()))
    values = {"status": JobStatus.CANCELLED.value, "ended_at": sa.func.now()}
    rows = (await connection.execute(query.values(values).returning(jobs.c.id, jobs.c.member_id))).all()
    cancelled = [row.id for row in rows]
    if cancelled:
        await let_in(connection, {row.member_id for row in rows})
        await connection.execute(sa.delete(previews).where(previews.c.job_id == sa.any_(_array(cancelled))))
        each = sa.func.unnest(sa.literal([str(job_id) for job_id in cancelled], pg.ARRAY(sa.Text))).column_valued(
            "each"
        )
        channels = (JOBS_CHANNEL, CANCELS_CHANNEL)
        await connection.execute(sa.select(*(sa.func.pg_notify(channel, each) for channel in channels)))
    return frozenset(cancelled)


async def cancel_pending_of(connection: AsyncConnection, member_id: UUID) -> frozenset[UUID]:
    """Mark all waiting and running jobs of the member cancelled and return them."""
    pending = sa.select(jobs.c.id).where(jobs.c.member_id == member_id, PENDING)
    return await cancel_jobs(connection, list((await connection.execute(pending)).scalars()))


async def return_job(
    connection: AsyncConnection,
    job_id: UUID,
    *,
    count_attempt: bool = False,
    count_crash: bool = False,
    start: int | None = None,
) -> bool:
    """Return a running job to the queue; return False when it is no longer running.

    count_attempt: whether the job itself failed. count_crash: whether a painting process was lost with it in hand.
    """
    values: dict[str, Any] = {"status": JobStatus.WAITING.value, "progress": 0}
    if not count_attempt:
        values["attempts"] = _unpaid()
    if count_crash:
        values["crashes"] = jobs.c.crashes + 1
    changed = await connection.execute(sa.update(jobs).where(*_running(job_id, start)).values(values))
    if not changed.rowcount:
        return False
    await _drop_preview(connection, job_id)
    await notify_changed(connection, job_id)
    return True


def is_exhausted(job: Job) -> bool:
    """Return whether the job has used all its attempts."""
    return job.attempts >= MAX_ATTEMPTS


def _row_from_picture(picture: Picture) -> dict[str, Any]:
    return {
        "id": picture.id,
        "job_id": picture.job_id,
        "slot": picture.slot,
        "object_key": picture.object_key,
        "width": picture.width,
        "height": picture.height,
        "seed": picture.seed,
        "recipe": dict(picture.recipe),
        "unsafe_score": picture.unsafe_score,
    }


def _array(ids: Collection[UUID]) -> sa.ColumnElement[Any]:
    return sa.literal(list(ids), pg.ARRAY(pg.UUID))


def _unpaid() -> sa.ColumnElement[int]:
    return sa.func.greatest(jobs.c.attempts - 1, 0)


def _running(job_id: UUID, start: int | None) -> tuple[sa.ColumnElement[bool], ...]:
    running = (jobs.c.id == job_id, jobs.c.status == JobStatus.RUNNING.value)
    return running if start is None else (*running, jobs.c.starts == start)


async def _end_job(
    connection: AsyncConnection,
    job_id: UUID,
    status: JobStatus,
    allowed: Sequence[sa.ColumnElement[bool]],
    values: Mapping[str, Any],
) -> bool:
    query = sa.update(jobs).where(*allowed).returning(jobs.c.member_id)
    ended = await connection.execute(query.values(status=status.value, ended_at=sa.func.now(), **values))
    member_id = ended.scalar_one_or_none()
    if member_id is None:
        return False
    await let_in(connection, [member_id])
    await _drop_preview(connection, job_id)
    await notify_changed(connection, job_id)
    return True


async def _drop_preview(connection: AsyncConnection, job_id: UUID) -> None:
    await connection.execute(sa.delete(previews).where(previews.c.job_id == job_id))
