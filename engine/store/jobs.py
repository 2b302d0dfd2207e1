"""Jobs in Postgres: submitting and reading them; `transitions` changes their status.

Every function takes a connection, so that the caller decides what else is in the transaction. At commit, every change
of a job is announced on the channel `easel_jobs` with the job's id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.edits import Edit, edit_from_json, json_from_edit, mask_of
from engine.contract.jobs import (
    Job,
    JobRequest,
    JobStatus,
    Operation,
    Picture,
    Visibility,
    json_from_spec,
    spec_from_json,
)
from engine.store.file_copies import key_from_hash
from engine.store.file_locks import hold_files
from engine.store.queue import enqueue
from engine.store.tables import jobs, pictures, previews
from engine.store.turns import assign_turns, lane_of

JOBS_CHANNEL = "easel_jobs"

PENDING = jobs.c.status.in_([JobStatus.WAITING.value, JobStatus.RUNNING.value])
"""The condition that a job has not ended."""

PUBLIC = jobs.c.visibility == Visibility.PUBLIC.value
"""The condition that others than its owner may see a job."""

LISTED_PROMPT: sa.ColumnElement[str] = sa.case((PUBLIC, jobs.c.spec["prompt"].astext), else_="(private)")
"""What a list for others than its owner says of a job's prompt."""

_PICTURE = tuple(field.name for field in fields(Picture))
# Read for every press, so built once: building a statement takes as long as sending it.
_ONE = sa.select(jobs).where(jobs.c.id == sa.bindparam("job_id"))
_WITH_PICTURES = (
    sa.select(jobs, *(column.label(f"picture_{column.name}") for column in pictures.c))
    .select_from(jobs.outerjoin(pictures, pictures.c.job_id == jobs.c.id))
    .where(jobs.c.id == sa.any_(sa.bindparam("job_ids", type_=pg.ARRAY(pg.UUID))))
    .order_by(jobs.c.id, pictures.c.slot)
)
_SUBMITTED = (
    "id, member_id, operation, spec, seed, turn, parent_job_id, parent_picture_id, edit, image_keys, max_running,"
    " visibility"
)
# One parameter, so that any number of jobs is one prepared statement.
_SUBMIT = sa.text(f"""
    INSERT INTO jobs ({_SUBMITTED}) SELECT {_SUBMITTED} FROM jsonb_populate_recordset(NULL::jobs, :rows)
    RETURNING id, created_at, pg_notify('{JOBS_CHANNEL}', id::text)
""").bindparams(sa.bindparam("rows", type_=pg.JSONB))  # noqa: S608  the names are the table's own


async def submit_job(connection: AsyncConnection, request: JobRequest) -> Job:
    """Store the job and its queue entry; engines see it when the transaction commits."""
    (job,) = await submit_jobs(connection, [request])
    return job


async def submit_jobs(connection: AsyncConnection, requests: Sequence[JobRequest]) -> tuple[Job, ...]:
    """Store one member's jobs and their queue entries."""
    (submitted,) = await submit_all(connection, [requests])
    return submitted


async def submit_all(connection: AsyncConnection, requests: Sequence[Sequence[JobRequest]]) -> list[tuple[Job, ...]]:
    """Store the jobs of several members and their queue entries, with as many round trips as for one job.

    requests: for each member their own, at least one.
    """
    flat = [request for own in requests for request in own]
    wanted = [(request.member_id, lane_of(request.operation, request.spec)) for request in flat]
    turns = await assign_turns(connection, wanted)
    await hold_files(connection, {key for request in flat for key in _named_files(request)})
    rows = [_row_from_request(request, turn) for request, turn in zip(flat, turns, strict=True)]
    times = {row.id: row.created_at for row in await connection.execute(_SUBMIT, {"rows": rows})}
    limited = {request.member_id for request in flat if request.max_running is not None}
    await enqueue(connection, {one.id: turn for one, turn in zip(flat, turns, strict=True)}, limited=limited)
    return [tuple(_job_from_request(request, times[request.id]) for request in own) for own in requests]


async def read_job(connection: AsyncConnection, job_id: UUID) -> Job | None:
    """Return the job, or None if it does not exist."""
    row = (await connection.execute(_ONE, {"job_id": job_id})).one_or_none()
    return job_from_row(row) if row else None


async def read_pictures(connection: AsyncConnection, job_id: UUID) -> tuple[Picture, ...]:
    """Return the job's pictures by slot; empty until it is finished."""
    rows = await connection.execute(sa.select(pictures).where(pictures.c.job_id == job_id).order_by(pictures.c.slot))
    return tuple(picture_from_row(row) for row in rows)


async def read_jobs_with_pictures(
    connection: AsyncConnection, job_ids: Sequence[UUID]
) -> list[tuple[Job, tuple[Picture, ...]] | None]:
    """Return each job and its pictures by slot, in one round trip, or None where the job does not exist."""
    rows = (await connection.execute(_WITH_PICTURES, {"job_ids": list(set(job_ids))})).all()
    found = {}
    for job_id, own in groupby(rows, key=lambda row: row.id):
        first, *_ = of_job = list(own)
        painted = tuple(picture_from_row(row, prefix="picture_") for row in of_job if row.picture_id is not None)
        found[job_id] = job_from_row(first), painted
    return [found.get(job_id) for job_id in job_ids]


async def read_picture(connection: AsyncConnection, picture_id: UUID) -> Picture | None:
    """Return the picture, or None if it does not exist."""
    row = (await connection.execute(sa.select(pictures).where(pictures.c.id == picture_id))).one_or_none()
    return picture_from_row(row) if row else None


async def read_source(connection: AsyncConnection, job_id: UUID) -> Picture | None:
    """Return the picture that the job varies, or None when it paints from noise; its row outlives the job's."""
    query = sa.select(pictures).join(jobs, jobs.c.parent_picture_id == pictures.c.id).where(jobs.c.id == job_id)
    row = (await connection.execute(query)).one_or_none()
    return picture_from_row(row) if row else None


async def read_edit(connection: AsyncConnection, job_id: UUID) -> Edit | None:
    """Return what the job does to its source, or None when it does not say; the rest of its row is not read."""
    edit = (await connection.execute(sa.select(jobs.c.edit).where(jobs.c.id == job_id))).scalar_one_or_none()
    return edit and edit_from_json(edit)


def mask_key(edit: Edit | None) -> str | None:
    """Return the key of the mask's file that the edit names, or None when it names none."""
    mask = mask_of(edit)
    return key_from_hash(mask.sha256, ".png") if mask else None


async def read_image_keys(connection: AsyncConnection, job_id: UUID) -> tuple[str, ...]:
    """Return the object keys of the pictures in the job's prompt, in the order of `pictures_of(spec)`."""
    query = sa.select(jobs.c.image_keys).where(jobs.c.id == job_id)
    return tuple((await connection.execute(query)).scalar_one_or_none() or ())


async def read_preview(connection: AsyncConnection, job_id: UUID) -> bytes | None:
    """Return the latest preview of a running job as JPEG, or None."""
    query = sa.select(previews.c.image).where(previews.c.job_id == job_id)
    image: bytes | None = (await connection.execute(query)).scalar_one_or_none()
    return image


async def notify_changed(connection: AsyncConnection, *job_ids: UUID) -> None:
    """Notify listeners on `easel_jobs`, at commit, that the jobs have changed."""
    listed = sa.func.unnest(sa.literal([str(job_id) for job_id in job_ids], pg.ARRAY(sa.Text)))
    await connection.execute(sa.select(sa.func.pg_notify(JOBS_CHANNEL, listed)))


async def publish_jobs(connection: AsyncConnection, job_ids: Sequence[UUID]) -> None:
    """Let others than their owners see the jobs."""
    public = sa.update(jobs).where(jobs.c.id.in_(job_ids)).values(visibility=Visibility.PUBLIC.value)
    await connection.execute(public)


def job_from_row(row: sa.Row[Any]) -> Job:
    """Return the job stored in the row."""
    return Job(
        id=row.id,
        member_id=row.member_id,
        operation=Operation(row.operation),
        spec=spec_from_json(row.spec),
        seed=row.seed,
        status=JobStatus(row.status),
        attempts=row.attempts,
        starts=row.starts,
        crashes=row.crashes,
        image_keys=tuple(row.image_keys),
        visibility=Visibility(row.visibility),
        progress=row.progress,
        parent_job_id=row.parent_job_id,
        parent_picture_id=row.parent_picture_id,
        edit=row.edit and edit_from_json(row.edit),
        cause=row.cause,
        grid_key=row.grid_key,
        grid_type=row.grid_type,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        expected_at=row.expected_at,
    )


def picture_from_row(row: sa.Row[Any], *, prefix: str = "") -> Picture:
    """Return the picture stored in the row, in columns whose names start with `prefix`."""
    return Picture(**{name: row._mapping[prefix + name] for name in _PICTURE})


def _job_from_request(request: JobRequest, created_at: datetime) -> Job:
    return Job(
        id=request.id,
        member_id=request.member_id,
        operation=request.operation,
        spec=request.spec,
        seed=request.seed,
        status=JobStatus.WAITING,
        attempts=0,
        progress=0.0,
        parent_job_id=request.parent_job_id,
        parent_picture_id=request.parent_picture_id,
        edit=request.edit,
        cause=None,
        grid_key=None,
        grid_type=None,
        created_at=created_at,
        started_at=None,
        ended_at=None,
        image_keys=tuple(request.image_keys),
        visibility=request.visibility,
    )


def _named_files(request: JobRequest) -> tuple[str, ...]:
    mask = mask_key(request.edit)
    return (*request.image_keys, mask) if mask else tuple(request.image_keys)


def _row_from_request(request: JobRequest, turn: int) -> dict[str, Any]:
    """Return the row as JSON."""
    return {
        "id": str(request.id),
        "member_id": str(request.member_id),
        "operation": request.operation.value,
        "spec": json_from_spec(request.spec),
        "seed": request.seed,
        "turn": turn,
        "parent_job_id": request.parent_job_id and str(request.parent_job_id),
        "parent_picture_id": request.parent_picture_id and str(request.parent_picture_id),
        "edit": request.edit and json_from_edit(request.edit),
        "image_keys": list(request.image_keys),
        "max_running": request.max_running,
        "visibility": request.visibility.value,
    }
