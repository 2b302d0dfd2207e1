"""Waits for what a worker does, by notification and never by the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from engine.contract.jobs import FINAL, Job, JobRequest, JobStatus
from engine.store.database import Database
from engine.store.jobs import submit_job
from engine.store.operator_jobs import follow

_POLL = timedelta(seconds=0.1)


async def submit(database: Database, request: JobRequest) -> Job:
    """Submit in a transaction of its own."""
    async with database.begin() as connection:
        return await submit_job(connection, request)


async def end_of(database: Database, job_id: UUID) -> Job:
    """Return the job once it has ended."""
    return await job_when(database, job_id, lambda job: job.status in FINAL)


async def job_when(database: Database, job_id: UUID, is_so: Callable[[Job], bool]) -> Job:
    """Return the job once `is_so` holds of it."""
    async for job in follow(database, job_id, poll=_POLL):
        if is_so(job):
            return job
    raise AssertionError(f"the job ended as {job.status} before: {job.cause}")


async def job_running(database: Database, job_id: UUID) -> Job:
    """Return the job once some of it is painted."""
    return await job_when(database, job_id, lambda job: job.status is JobStatus.RUNNING and job.progress > 0)


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Return once `is_so` does; the test's own timeout ends a wait in vain."""
    while not await is_so():  # noqa: ASYNC110  what is waited for lies in the database
        await asyncio.sleep(_POLL.total_seconds())


async def count(database: Database, query: str) -> int:
    """Return the one number that `query` gives."""
    async with database.begin() as connection:
        return int((await connection.execute(sa.text(query))).scalar_one())


async def queue_is_empty(database: Database) -> bool:
    """Return whether every entry has been answered."""
    return await count(database, "SELECT count(*) FROM pgqueuer") == 0
