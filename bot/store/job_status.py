"""The state of jobs: of many in short, or of one with everything that its message shows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.eta import read_queue_pace
from bot.store.gallery.posts import GalleryPost
from engine.contract.jobs import FINAL, Job, JobStatus, Picture
from engine.contract.painting import num_pictures_of
from engine.store.jobs import read_job, read_jobs_with_pictures, read_picture, read_preview
from engine.store.queue_position import read_queue_positions
from engine.store.tables import jobs


@dataclass(frozen=True, kw_only=True)
class JobProgress:
    """The part of a job's state that tells whether its message is out of date.

    status: waiting also when an engine has taken it but has not begun to paint it.
    num_ahead: how many jobs start before it; None unless it waits.
    is_blocked: whether it waits for the picture store, or for the end of a pause.
    """

    status: JobStatus
    percent: int
    num_ahead: int | None = None
    is_blocked: bool = False


@dataclass(frozen=True, kw_only=True)
class JobDetails:
    """Everything that a message can show: the job, its preview while it runs, and its single picture.

    picture: that of the message, or the one that a finished job has made.

    num_ahead: how many jobs start before it; None once it is painted.
    wait: estimated time until it is finished; None if unknown.
    post: what the message says in a gallery channel; None anywhere else.
    """

    job: Job
    preview: bytes | None
    picture: Picture | None
    num_ahead: int | None = None
    wait: timedelta | None = None
    post: GalleryPost | None = None


async def read_job_progress(connection: AsyncConnection, job_ids: Collection[UUID]) -> dict[UUID, JobProgress]:
    """Return the progress of each job that exists."""
    # One array parameter: a list of parameters would be another statement to prepare for each length.
    listed = sa.literal(list(job_ids), pg.ARRAY(pg.UUID))
    query = sa.select(jobs.c.id, jobs.c.status, jobs.c.progress).where(jobs.c.id == sa.any_(listed))
    rows = (await connection.execute(query)).all()
    pending = [row.id for row in rows if JobStatus(row.status) not in FINAL]
    places = await read_queue_positions(connection, pending) if pending else {}
    return {row.id: progress_of(JobStatus(row.status), row.progress, places.get(row.id)) for row in rows}


def progress_of(status: JobStatus, share: float, num_ahead: int | None) -> JobProgress:
    """Return the progress; to members a job waits until it has a place in the queue no more."""
    shown = status if num_ahead is None else JobStatus.WAITING
    return JobProgress(status=shown, percent=int(share * 100), num_ahead=num_ahead)


async def read_job_details(connection: AsyncConnection, job_id: UUID, picture_id: UUID | None) -> JobDetails | None:
    """Return what the message of the job, or of its picture, can show; None if the job does not exist."""
    job = await read_job(connection, job_id)
    if job is None:
        return None
    num_ahead = None if job.status in FINAL else (await read_queue_positions(connection, [job_id])).get(job_id)
    if num_ahead is not None:
        wait = (await read_queue_pace(connection)).wait(num_ahead)
        return JobDetails(job=job, preview=None, picture=None, num_ahead=num_ahead, wait=wait)
    preview = await read_preview(connection, job_id) if job.status is JobStatus.RUNNING else None
    picture = await (read_picture(connection, picture_id) if picture_id else _only_picture(connection, job))
    return JobDetails(job=job, preview=preview, picture=picture)


async def _only_picture(connection: AsyncConnection, job: Job) -> Picture | None:
    """Return the picture of a finished job that makes one and no grid."""
    if job.status is not JobStatus.FINISHED or num_pictures_of(job.operation) > 1:
        return None
    (found,) = await read_jobs_with_pictures(connection, [job.id])
    return found[1][0] if found and found[1] else None
