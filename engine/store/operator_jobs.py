"""Submits a job for the operator, without Discord, and follows a job to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from uuid import UUID

import structlog

from engine.contract.errors import JobUnknown, StoreUnavailable
from engine.contract.ids import new_id
from engine.contract.jobs import FINAL, Job, JobRequest, JobSpec, Operation
from engine.store.database import CONNECTION_ERRORS, Database
from engine.store.jobs import JOBS_CHANNEL, read_job, submit_job

# The member id of everyone who asks from the command line; no person has it.
OPERATOR_ID = UUID("00000000-0000-7000-8000-000000000000")

_log = structlog.get_logger(__name__)


async def submit_for_operator(database: Database, spec: JobSpec, seed: int) -> Job:
    """Store and queue a job from the command line.

    seed: 0 to 2**32 - 1.

    Raises: StoreUnavailable when Postgres cannot be reached.
    """
    request = JobRequest(id=new_id(), member_id=OPERATOR_ID, operation=Operation.IMAGINE, spec=spec, seed=seed)
    async with database.begin() as connection:
        return await submit_job(connection, request)


async def follow(database: Database, job_id: UUID, *, poll: timedelta = timedelta(seconds=1)) -> AsyncIterator[Job]:
    """Yield the job now and after every change, until it has ended.

    poll: how often it is read without a notification. Waits out outages of Postgres.

    Raises: JobUnknown when the job does not exist.
    """
    changed = asyncio.Event()
    last: Job | None = None
    async with _listening(database, job_id, changed):
        while last is None or last.status not in FINAL:
            changed.clear()
            job = await _read(database, job_id)
            if job is not None and job != last:
                yield job
                last = job
            if last is None or last.status not in FINAL:
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), poll.total_seconds())


async def _read(database: Database, job_id: UUID) -> Job | None:
    """Return the job, or None while Postgres is unavailable."""
    try:
        async with database.begin() as connection:
            job = await read_job(connection, job_id)
    except StoreUnavailable as error:
        _log.warning("store_unavailable", cause=str(error))
        return None
    if job is None:
        raise JobUnknown()
    return job


@asynccontextmanager
async def _listening(database: Database, job_id: UUID, changed: asyncio.Event) -> AsyncIterator[None]:
    """Set `changed` at every notification about the job; if listening fails, polling remains."""

    def on_notify(_connection: object, _pid: object, _channel: object, payload: object) -> None:
        if payload == str(job_id):
            changed.set()

    try:
        if not await database.can_listen():
            yield
            return
        connection = await database.listen()
        await connection.add_listener(JOBS_CHANNEL, on_notify)
    except (StoreUnavailable, *CONNECTION_ERRORS) as error:
        _log.warning("listening_failed", cause=str(error))
        yield
        return
    try:
        yield
    finally:
        with suppress(*CONNECTION_ERRORS):
            await connection.close(timeout=5)
