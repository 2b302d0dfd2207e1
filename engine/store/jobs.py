"""Jobs in Postgres: submitting, reading, and the legal changes of their status.

Every function takes a connection, so that the caller decides what else belongs to the same transaction.
Every change of a job is announced at commit, with the job's id: on the channel `easel_jobs`, a cancellation on
`easel_cancels` too. An engine passes the attempt that it started, so that one whose job was taken over changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.errors import PainterLost
from engine.contract.jobs import (
    MAX_ATTEMPTS,
    Job,
    JobStatus,
    Operation,
    Picture,
    Request,
    json_from_spec,
    spec_from_json,
)
from engine.store.queue import enqueue
from engine.store.tables import jobs, pictures, previews

JOBS_CHANNEL = "easel_jobs"
CANCELS_CHANNEL = "easel_cancels"

_PICTURE = tuple(field.name for field in fields(Picture))
# Read for every press, so built once: building a statement takes as long as sending it.
_ONE = sa.select(jobs).where(jobs.c.id == sa.bindparam("job_id"))
_WITH_PICTURES = (
    sa.select(jobs, *(column.label(f"picture_{column.name}") for column in pictures.c))
    .select_from(jobs.outerjoin(pictures, pictures.c.job_id == jobs.c.id))
    .where(jobs.c.id == sa.bindparam("job_id"))
    .order_by(pictures.c.slot)
)
_PENDING = jobs.c.status.in_([JobStatus.WAITING.value, JobStatus.RUNNING.value])


async def submit_job(connection: AsyncConnection, request: Request) -> Job:
    """Store the job and its queue entry; it is offered to engines when the transaction commits."""
    (job,) = await submit_jobs(connection, [request])
    return job


async def submit_jobs(connection: AsyncConnection, requests: Sequence[Request]) -> tuple[Job, ...]:
    """Store one member's jobs and their queue entries, in as many round trips as for one.

    Members take turns: a job's turn is the queue's present turn, or one after the member's own last unfinished job.
    Source: start-time fair queueing, Goyal, Vin and Cheng 1996, with every job of length one.
    """
    first_turn = int((await connection.execute(sa.select(_next_turn(requests[0].member_id)))).scalar_one())
    rows = [_row_from_request(request, turn) for turn, request in enumerate(requests, first_turn)]
    insert = sa.insert(jobs).returning(*jobs.c, sort_by_parameter_order=True)
    submitted = tuple(job_from_row(row) for row in await connection.execute(insert, rows))
    await enqueue(connection, {row["id"]: row["turn"] for row in rows})
    await announce(connection, *(request.id for request in requests))
    return submitted


async def read_job(connection: AsyncConnection, job_id: UUID) -> Job | None:
    """Return the job, or None where there is none."""
    row = (await connection.execute(_ONE, {"job_id": job_id})).one_or_none()
    return job_from_row(row) if row else None


async def read_pictures(connection: AsyncConnection, job_id: UUID) -> tuple[Picture, ...]:
    """Return the job's pictures by slot; empty until it is finished."""
    rows = await connection.execute(sa.select(pictures).where(pictures.c.job_id == job_id).order_by(pictures.c.slot))
    return tuple(picture_from_row(row) for row in rows)


async def read_job_with_pictures(connection: AsyncConnection, job_id: UUID) -> tuple[Job, tuple[Picture, ...]] | None:
    """Return the job and its pictures by slot, in one round trip, or None where there is no such job."""
    rows = (await connection.execute(_WITH_PICTURES, {"job_id": job_id})).all()
    if not rows:
        return None
    painted = tuple(picture_from_row(row, prefix="picture_") for row in rows if row.picture_id is not None)
    return job_from_row(rows[0]), painted


async def read_picture(connection: AsyncConnection, picture_id: UUID) -> Picture | None:
    """Return the picture, or None where there is none."""
    row = (await connection.execute(sa.select(pictures).where(pictures.c.id == picture_id))).one_or_none()
    return picture_from_row(row) if row else None


async def read_source(connection: AsyncConnection, job_id: UUID) -> Picture | None:
    """Return the picture that the job varies, or None when it paints from noise; its row cannot go before the job's."""
    query = sa.select(pictures).join(jobs, jobs.c.parent_picture_id == pictures.c.id).where(jobs.c.id == job_id)
    row = (await connection.execute(query)).one_or_none()
    return picture_from_row(row) if row else None


async def read_preview(connection: AsyncConnection, job_id: UUID) -> bytes | None:
    """Return the newest preview of a running job as JPEG, or None."""
    query = sa.select(previews.c.image).where(previews.c.job_id == job_id)
    image: bytes | None = (await connection.execute(query)).scalar_one_or_none()
    return image


async def count_pending(connection: AsyncConnection, member_id: UUID) -> int:
    """Return how many of the member's jobs wait or run."""
    query = sa.select(sa.func.count()).where(jobs.c.member_id == member_id, _PENDING)
    return int((await connection.execute(query)).scalar_one())


async def count_waiting(connection: AsyncConnection) -> int:
    """Return how many jobs wait for an engine."""
    query = sa.select(sa.func.count()).where(jobs.c.status == JobStatus.WAITING.value)
    return int((await connection.execute(query)).scalar_one())


async def count_ahead(connection: AsyncConnection, job: Job) -> int:
    """Return how many waiting jobs will be offered before this one."""
    mine = sa.select(jobs.c.turn, jobs.c.id).where(jobs.c.id == job.id).subquery()
    query = sa.select(sa.func.count()).where(
        jobs.c.status == JobStatus.WAITING.value,
        sa.tuple_(jobs.c.turn, jobs.c.id) < sa.tuple_(mine.c.turn, mine.c.id),
    )
    return int((await connection.execute(query)).scalar_one())


async def read_places(connection: AsyncConnection, job_ids: Collection[UUID]) -> Mapping[UUID, int]:
    """Return how many waiting jobs will be offered before each of these, for those of them that wait."""
    order = sa.func.row_number().over(order_by=(jobs.c.turn, jobs.c.id))
    waiting = sa.select(jobs.c.id, order.label("place")).where(jobs.c.status == JobStatus.WAITING.value).subquery()
    listed = sa.literal(list(job_ids), pg.ARRAY(pg.UUID))
    rows = await connection.execute(sa.select(waiting).where(waiting.c.id == sa.any_(listed)))
    return {row.id: row.place - 1 for row in rows}


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


async def start_job(connection: AsyncConnection, job_id: UUID) -> Job | None:
    """Mark the job running and count the attempt; None when there is nothing to do.

    A job that has been started three times and never ended is failed here instead: what kills engines is not tried for
    ever.
    """
    query = (
        sa.update(jobs)
        .where(jobs.c.id == job_id, _PENDING, jobs.c.attempts < MAX_ATTEMPTS)
        .values(
            status=JobStatus.RUNNING.value,
            attempts=jobs.c.attempts + 1,
            progress=0,
            started_at=sa.func.now(),
        )
        .returning(*jobs.c)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        await fail_job(connection, job_id, {"error": PainterLost.__name__, "attempts": MAX_ATTEMPTS})
        return None
    await announce(connection, job_id)
    return job_from_row(row)


async def read_held(connection: AsyncConnection, attempts: Mapping[UUID, int]) -> frozenset[UUID]:
    """Return which of the jobs, each with the attempt that was started, still run in that attempt."""
    query = sa.select(jobs.c.id, jobs.c.attempts).where(
        jobs.c.id.in_(list(attempts)), jobs.c.status == JobStatus.RUNNING.value
    )
    rows = await connection.execute(query)
    return frozenset(row.id for row in rows if row.attempts == attempts[row.id])


async def record_progress(
    connection: AsyncConnection, job_id: UUID, progress: float, preview: bytes | None, *, attempt: int | None = None
) -> bool:
    """Keep the share of steps done and, where given, the preview; False when the job is no longer running."""
    query = sa.update(jobs).where(*_running(job_id, attempt))
    changed = await connection.execute(query.values(progress=progress))
    if not changed.rowcount:
        return False
    if preview is not None:
        insert = pg.insert(previews).values(job_id=job_id, image=preview)
        await connection.execute(
            insert.on_conflict_do_update(index_elements=["job_id"], set_={"image": insert.excluded.image})
        )
    await announce(connection, job_id)
    return True


async def finish_job(
    connection: AsyncConnection,
    job_id: UUID,
    painted: Sequence[Picture],
    grid_key: str,
    grid_type: str,
    *,
    attempt: int | None = None,
) -> bool:
    """Store the pictures and mark the job finished; False, and nothing stored, when it is no longer running."""
    values = {"progress": 1.0, "grid_key": grid_key, "grid_type": grid_type}
    if not await _end_job(connection, job_id, JobStatus.FINISHED, _running(job_id, attempt), values):
        return False
    await connection.execute(sa.insert(pictures), [_row_from_picture(picture) for picture in painted])
    return True


async def fail_job(
    connection: AsyncConnection, job_id: UUID, cause: Mapping[str, Any], *, attempt: int | None = None
) -> bool:
    """Mark the job failed with its cause (`{"error": class name, ...facts}`); False when it had already ended."""
    allowed = (jobs.c.id == job_id, _PENDING) if attempt is None else _running(job_id, attempt)
    return await _end_job(connection, job_id, JobStatus.FAILED, allowed, {"cause": dict(cause)})


async def cancel_job(connection: AsyncConnection, job_id: UUID) -> bool:
    """Mark a waiting or running job cancelled; its engine lets go at the next step. False when it had already ended."""
    if not await _end_job(connection, job_id, JobStatus.CANCELLED, (jobs.c.id == job_id, _PENDING), {}):
        return False
    await connection.execute(sa.select(sa.func.pg_notify(CANCELS_CHANNEL, str(job_id))))
    return True


async def return_job(
    connection: AsyncConnection, job_id: UUID, *, count_attempt: bool, attempt: int | None = None
) -> bool:
    """Put a running job back among the waiting; an attempt that is not counted was not the job's fault."""
    attempts = jobs.c.attempts if count_attempt else jobs.c.attempts - 1
    query = sa.update(jobs).where(*_running(job_id, attempt))
    changed = await connection.execute(query.values(status=JobStatus.WAITING.value, attempts=attempts, progress=0))
    if not changed.rowcount:
        return False
    await _drop_preview(connection, job_id)
    await announce(connection, job_id)
    return True


def is_exhausted(job: Job) -> bool:
    """Return whether the job has used every attempt it has."""
    return job.attempts >= MAX_ATTEMPTS


async def announce(connection: AsyncConnection, *job_ids: UUID) -> None:
    """Tell listeners of `easel_jobs`, when the transaction commits, that the jobs have changed."""
    listed = sa.func.unnest(sa.literal([str(job_id) for job_id in job_ids], pg.ARRAY(sa.Text)))
    await connection.execute(sa.select(sa.func.pg_notify(JOBS_CHANNEL, listed)))


def job_from_row(row: sa.Row[Any]) -> Job:
    """Return the job that the row holds."""
    return Job(
        id=row.id,
        member_id=row.member_id,
        operation=Operation(row.operation),
        spec=spec_from_json(row.spec),
        seed=row.seed,
        status=JobStatus(row.status),
        attempts=row.attempts,
        progress=row.progress,
        parent_job_id=row.parent_job_id,
        parent_picture_id=row.parent_picture_id,
        cause=row.cause,
        grid_key=row.grid_key,
        grid_type=row.grid_type,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def picture_from_row(row: sa.Row[Any], *, prefix: str = "") -> Picture:
    """Return the picture that the row holds, in columns whose names begin with `prefix`."""
    return Picture(**{name: row._mapping[prefix + name] for name in _PICTURE})


def _row_from_request(request: Request, turn: int) -> dict[str, Any]:
    return {
        "id": request.id,
        "member_id": request.member_id,
        "operation": request.operation.value,
        "spec": json_from_spec(request.spec),
        "seed": request.seed,
        "turn": turn,
        "parent_job_id": request.parent_job_id,
        "parent_picture_id": request.parent_picture_id,
    }


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
    }


def _next_turn(member_id: UUID) -> sa.ColumnElement[int]:
    present = sa.select(sa.func.max(jobs.c.turn)).where(jobs.c.started_at.is_not(None)).scalar_subquery()
    own_last = sa.select(sa.func.max(jobs.c.turn)).where(jobs.c.member_id == member_id, _PENDING).scalar_subquery()
    return sa.func.greatest(sa.func.coalesce(present, 0), sa.func.coalesce(own_last + 1, 0))


def _running(job_id: UUID, attempt: int | None) -> tuple[sa.ColumnElement[bool], ...]:
    running = (jobs.c.id == job_id, jobs.c.status == JobStatus.RUNNING.value)
    return running if attempt is None else (*running, jobs.c.attempts == attempt)


async def _end_job(
    connection: AsyncConnection,
    job_id: UUID,
    status: JobStatus,
    allowed: Sequence[sa.ColumnElement[bool]],
    values: Mapping[str, Any],
) -> bool:
    query = sa.update(jobs).where(*allowed)
    changed = await connection.execute(query.values(status=status.value, ended_at=sa.func.now(), **values))
    if not changed.rowcount:
        return False
    await _drop_preview(connection, job_id)
    await announce(connection, job_id)
    return True


async def _drop_preview(connection: AsyncConnection, job_id: UUID) -> None:
    await connection.execute(sa.delete(previews).where(previews.c.job_id == job_id))
