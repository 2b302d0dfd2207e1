"""Submits a job for the operator, without Discord, and follows a job to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from datetime import timedelta
from uuid import UUID
from weakref import WeakKeyDictionary

import asyncpg
import structlog

from engine.contract.errors import JobUnknown, StoreUnavailable
from engine.contract.ids import new_id
from engine.contract.jobs import FINAL, Job, JobRequest, JobSpec, Operation
from engine.store.connector import CONNECTION_ERRORS
from engine.store.database import Database
from engine.store.jobs import JOBS_CHANNEL, read_job, submit_job

# The member id of everyone who asks from the command line; no person has it.
OPERATOR_ID = UUID("00000000-0000-7000-8000-000000000000")

_log = structlog.get_logger(__name__)


async def submit_for_operator(database: Database, spec: JobSpec, seed: int, image_keys: tuple[str, ...] = ()) -> Job:
    """Store and queue a job from the command line.

    seed: 0 to 2**32 - 1. image_keys: object keys of the pictures in the prompt, in the order of `pictures_of(spec)`.

    Raises: StoreUnavailable when Postgres cannot be reached.
    """
    request = JobRequest(
        id=new_id(),
        member_id=OPERATOR_ID,
        operation=Operation.IMAGINE,
        spec=spec,
        seed=seed,
        image_keys=image_keys,
    )
    async with database.begin() as connection:
        return await submit_job(connection, request)


class JobChanges:
    """Wakes whoever follows a job when it changes."""

    def __init__(self) -> None:
        # Of its own for each follower, who clears it, and gone with them.
        self._events: WeakKeyDictionary[asyncio.Event, str] = WeakKeyDictionary()

    def of(self, job_id: UUID) -> asyncio.Event:
        """Return a new event that every change of the job sets."""
        event = asyncio.Event()
        self._events[event] = str(job_id)
        return event

    def hear(self, _connection: object, _pid: object, _channel: object, payload: object) -> None:
        """Take a notification."""
        self.tell(str(payload))

    def tell(self, job_id: UUID | str) -> None:
        """Wake whoever follows the job."""
        for event, followed in self._events.items():
            if followed == str(job_id):
                event.set()


async def follow(
    database: Database, job_id: UUID, *, changes: JobChanges | None = None, poll: timedelta = timedelta(seconds=1)
) -> AsyncIterator[Job]:
    """Yield the job now and after every change, until it has ended.

    changes: of `open_job_changes`, for whoever follows several jobs; None listens on a connection of its own.
    poll: how often it is read without a notification. Waits out outages of Postgres.

    Raises: JobUnknown when the job does not exist.
    """
    last: Job | None = None
    async with open_job_changes(database) if changes is None else nullcontext(changes) as heard:
        changed = heard.of(job_id)
        while last is None or last.status not in FINAL:
            changed.clear()
            job = await _read(database, job_id)
            if job is not None and job != last:
                yield job
                last = job
            if last is None or last.status not in FINAL:
                with suppress(TimeoutError):
                    async with asyncio.timeout(poll.total_seconds()):
                        await changed.wait()


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
async def open_job_changes(database: Database) -> AsyncIterator[JobChanges]:
    """Yield what hears of every change of a job, on one connection; if listening fails, it stays silent."""
    changes = JobChanges()
    connection = await _listen(database, changes)
    try:
        yield changes
    finally:
        if connection is not None:
            connection.terminate()


async def _listen(database: Database, changes: JobChanges) -> asyncpg.Connection | None:
    """Return a connection that hears, or None where notifications do not arrive: then polling remains."""
    try:
        connection = await database.listen()
        try:
            if await database.can_listen():
                await connection.add_listener(JOBS_CHANNEL, changes.hear)
                return connection
        except (StoreUnavailable, *CONNECTION_ERRORS):
            connection.terminate()
            raise
        connection.terminate()
    except (StoreUnavailable, *CONNECTION_ERRORS) as error:
        _log.warning("listening_failed", cause=str(error))
    return None
