"""Follows jobs to their ends, and says how they ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from api import replies
from api.refusals import RETRY, ApiRefused, refusal_of_cause
from api.services import ApiServices
from engine.contract.jobs import Job, JobStatus, Picture
from engine.store.jobs import read_pictures, read_preview
from engine.store.operator_jobs import follow


async def finished(services: ApiServices, jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs as they are finished.

    Raises: ApiRefused when one fails or is cancelled, or when this process ends; the jobs then go on.
    """
    waiting = asyncio.gather(*(_last(services, job) for job in jobs))
    stopped = asyncio.ensure_future(services.stop.wait())
    either: set[asyncio.Future[Any]] = {waiting, stopped}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            raise ApiRefused(503, replies.RESTARTING, code="restarting", headers=RETRY)
        ended = waiting.result()
    finally:
        waiting.cancel()
        stopped.cancel()
    for job in ended:
        check_finished(job)
    return ended


def check_finished(job: Job) -> None:
    """Return if the ended job is finished.

    Raises: ApiRefused.
    """
    if job.status is JobStatus.CANCELLED:
        raise ApiRefused(409, replies.CANCELLED, code="job_cancelled", headers={"x-should-retry": "false"})
    if job.status is JobStatus.FAILED:
        raise refusal_of_cause(job.cause or {})


async def changes_of(services: ApiServices, job_id: UUID) -> AsyncIterator[tuple[Job, bytes | None]]:
    """Yield the job now and after every change, with its newest preview as JPEG if it has one, until it has ended.

    Where a classifier looks at what is finished, nothing is shown before.
    """
    has_previews = services.limits.shows_unsafe or not services.limits.has_classifier
    async for job in follow(services.database, job_id, changes=services.changes):
        preview = None
        if has_previews and job.status is JobStatus.RUNNING:
            async with services.database.begin() as connection:
                preview = await read_preview(connection, job_id)
        yield job, preview


async def pictures_of(services: ApiServices, jobs: Sequence[Job], count: int) -> list[Picture]:
    """Return the first pictures of the finished jobs that are not unsafe.

    Raises: ApiRefused when there are none.
    """
    async with services.database.begin() as connection:
        painted = [picture for job in jobs for picture in await read_pictures(connection, job.id)]
    if not painted:
        raise ApiRefused(500, replies.NO_PICTURES, code="no_pictures", headers={"x-should-retry": "false"})
    shown = [picture for picture in painted if services.limits.shows_unsafe or not picture.is_unsafe]
    if not shown:
        raise ApiRefused(400, replies.UNSAFE, code="content_policy_violation", headers={"x-should-retry": "false"})
    return shown[:count]


async def _last(services: ApiServices, job: Job) -> Job:
    async for seen in follow(services.database, job.id, changes=services.changes):
        job = seen
    return job
