"""The state of jobs: of many in short, or of one with everything that its message shows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.eta import read_duration_stats
from engine.contract.jobs import Job, JobStatus, Picture
from engine.store.jobs import read_job, read_picture, read_preview
from engine.store.queue_position import count_ahead, read_queue_positions
from engine.store.tables import jobs


@dataclass(frozen=True, kw_only=True)
class JobProgress:
    """The part of a job's state that tells whether its message is out of date.

    num_ahead: how many waiting jobs start before it; None unless it waits.
    is_blocked: whether it waits for the picture store.
    """

    status: JobStatus
    percent: int
    num_ahead: int | None = None
    is_blocked: bool = False


@dataclass(frozen=True, kw_only=True)
class JobDetails:
    """Everything that a message can show: the job, its preview while it runs, and its single picture.

    num_ahead: how many waiting jobs start before it; None unless it waits.
    wait: estimated time until it is finished; None if unknown.
    """

    job: Job
    preview: bytes | None
    picture: Picture | None
    num_ahead: int | None = None
    wait: timedelta | None = None


async def read_job_progress(connection: AsyncConnection, job_ids: Collection[UUID]) -> dict[UUID, JobProgress]:
    """Return the progress of each job that exists."""
    # One array parameter: a list of parameters would be another statement to prepare for each length.
    listed = sa.literal(list(job_ids), pg.ARRAY(pg.UUID))
    query = sa.select(jobs.c.id, jobs.c.status, jobs.c.progress).where(jobs.c.id == sa.any_(listed))
    rows = (await connection.execute(query)).all()
    waiting = [row.id for row in rows if row.status == JobStatus.WAITING.value]
    places = await read_queue_positions(connection, waiting) if waiting else {}
    return {
        row.id: JobProgress(status=JobStatus(row.status), percent=int(row.progress * 100), num_ahead=places.get(row.id))
        for row in rows
    }


async def read_job_details(connection: AsyncConnection, job_id: UUID, picture_id: UUID | None) -> JobDetails | None:
    """Return what the message of the job, or of its picture, can show; None if the job does not exist."""
    job = await read_job(connection, job_id)
    if job is None:
        return None
    if job.status is JobStatus.WAITING:
        num_ahead = await count_ahead(connection, job)
        wait = (await read_duration_stats(connection)).wait(num_ahead)
        return JobDetails(job=job, preview=None, picture=None, num_ahead=num_ahead, wait=wait)
    preview = await read_preview(connection, job_id) if job.status is JobStatus.RUNNING else None
    picture = await read_picture(connection, picture_id) if picture_id else None
    return JobDetails(job=job, preview=preview, picture=picture)
