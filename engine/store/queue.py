"""The queue: PgQueuer in the same Postgres, one entry per job, handed out in order of turn under a lease.

A heartbeat keeps the lease: when an engine stops sending it, other engines get its jobs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from pgqueuer import QueueManager
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Job as QueueEntry
from pgqueuer.domain.models import TracebackRecord
from pgqueuer.domain.types import JOB_STATUS, JobId
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.errors import StoreUnavailable
from engine.store.at_once import let_in
from engine.store.database import Database
from engine.store.reconnecting import ReconnectingDriver, open_driver

ENTRYPOINT = "paint"

# Returns None when the job is done, or the delay until it is handed out again; never raises, because PgQueuer would
# drop the entry.
Handler = Callable[[UUID], Awaitable[timedelta | None]]

_LOG_RETENTION = timedelta(days=7)

_CLOSED_INTERVAL = timedelta(seconds=0.3)

_LIMITED = sa.text("""
    SELECT DISTINCT member_id FROM jobs WHERE id = ANY (:job_ids) AND max_running IS NOT NULL
""").bindparams(sa.bindparam("job_ids", type_=pg.ARRAY(pg.UUID)))

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class QueueOptions:
    """How an engine takes jobs.

    concurrency: number of jobs at once, at least 2.
    lease: time without a heartbeat after which other engines get its jobs; the heartbeat is twice as frequent.
    poll: how often it looks for jobs without a notification.
    """

    concurrency: int = 8
    lease: timedelta = timedelta(seconds=10)
    poll: timedelta = timedelta(seconds=2)


async def enqueue(
    connection: AsyncConnection, turns: Mapping[UUID, int], *, limited: Collection[UUID] | None = None
) -> None:
    """Queue jobs, each with its turn, in the caller's transaction; jobs already queued are left unchanged.

    Lower turns are handed out first, equal turns in order of arrival.

    limited: their members who may not have any number painted at once; None to look who that is.
    """
    await (await _queries(connection)).enqueue(
        [ENTRYPOINT] * len(turns),
        [job_id.bytes for job_id in turns],
        [-turn for turn in turns.values()],
        dedupe_key=[str(job_id) for job_id in turns],
        on_conflict="skip",
    )
    if limited is None:
        limited = (await connection.execute(_LIMITED, {"job_ids": list(turns)})).scalars().all()
    if limited:
        await let_in(connection, limited)


async def requeue_orphans(connection: AsyncConnection) -> int:
    """Queue every unfinished job that has no entry and return their number.

    A job that is not held has no entry only if something ended the entry but not the job; two calls at once queue a job
    once. Every unfinished job is looked up, in indexes: with 5,000 of them that is 40 ms, for a sweep every half
    minute.
    """
    rows = await connection.execute(
        sa.text("""
            SELECT id, turn FROM jobs
            WHERE status IN ('waiting', 'running') AND NOT EXISTS (
                SELECT FROM pgqueuer WHERE dedupe_key = jobs.id::text AND status IN ('queued', 'picked'))
            AND NOT EXISTS (SELECT FROM held_jobs WHERE job_id = jobs.id)
            ORDER BY turn, id
        """)
    )
    orphans = rows.all()
    if orphans:
        await enqueue(connection, {orphan.id: orphan.turn for orphan in orphans})
    return len(orphans)


async def prune_log(connection: AsyncConnection) -> int:
    """Delete the oldest entries of PgQueuer's log and statistics, if older than a week; return how many of the log.

    Entries of the log that are not in the statistics yet are kept. At most a thousand of each are deleted at a time,
    found by their indexes, so that what is kept costs nothing.
    """
    # Times rise with the ids of the statistics, which have no index by time.
    statistics = sa.text("""
        DELETE FROM pgqueuer_statistics WHERE id = ANY (ARRAY(
            SELECT id FROM (SELECT id, created FROM pgqueuer_statistics ORDER BY id LIMIT 1000) AS oldest
            WHERE created < now() - CAST(:retention AS interval)))""")
    log = sa.text("""
        DELETE FROM pgqueuer_log WHERE id = ANY (ARRAY(
            SELECT id FROM pgqueuer_log
            WHERE aggregated AND created < now() - CAST(:retention AS interval) ORDER BY created LIMIT 1000))""")
    await connection.execute(statistics, {"retention": _LOG_RETENTION})
    return (await connection.execute(log, {"retention": _LOG_RETENTION})).rowcount


async def run_queue(
    database: Database,
    handle: Handler,
    options: QueueOptions,
    *,
    stop: asyncio.Event,
    may_take: Callable[[], bool] = lambda: True,
) -> None:
    """Pass jobs to `handle` until `stop` is set, then return when all calls have returned.

    may_take: whether it takes further jobs at the moment; others may take them meanwhile.

    Guarantees: no job is lost while Postgres is unavailable. A job is handed out again when its lease expires, so
    `handle` must tolerate being called twice for one job.
    """
    while not stop.is_set():
        try:
            await _run_manager(database, handle, options, stop, may_take)
        except StoreUnavailable as error:
            _log.warning("queue_unavailable", cause=str(error))


async def _run_manager(
    database: Database, handle: Handler, options: QueueOptions, stop: asyncio.Event, may_take: Callable[[], bool]
) -> None:
    async with open_driver(database) as driver:
        queries = _LeasedQueries(driver, may_take)
        manager = QueueManager(queries)
        manager.entrypoint(ENTRYPOINT, accepts_context=False)(_entry_handler(handle))
        async with _stopping(stop, manager, driver):
            await manager.run(
                batch_size=1,
                max_concurrent_tasks=options.concurrency,
                heartbeat_timeout=options.lease,
                dequeue_timeout=options.poll,
                # Without notifications the queue finds jobs by polling.
                shutdown_on_listener_failure=await driver.can_listen(),
            )


def _entry_handler(handle: Handler) -> Callable[[QueueEntry], Awaitable[None]]:
    async def answer(entry: QueueEntry) -> None:
        assert entry.payload is not None
        delay = await handle(UUID(bytes=entry.payload))
        if delay is not None:
            raise RetryRequested(delay)

    return answer


@asynccontextmanager
async def _stopping(stop: asyncio.Event, manager: QueueManager, driver: ReconnectingDriver) -> AsyncIterator[None]:
    async def forward() -> None:
        await stop.wait()
        manager.shutdown.set()
        driver.shutdown.set()

    task = asyncio.create_task(forward())
    try:
        yield
    finally:
        task.cancel()


class _LeasedQueries(Queries):
    """PgQueuer's queries, except that an engine takes nothing while it may not, and leaves an entry whose lease has
    expired to its new holder.
    """

    def __init__(self, driver: ReconnectingDriver, may_take: Callable[[], bool]) -> None:
        super().__init__(driver)
        self._may_take = may_take

    async def dequeue(self, *args: Any, **named: Any) -> list[QueueEntry]:
        if self._may_take():
            return await super().dequeue(*args, **named)
        # PgQueuer asks again at once while anything waits.
        await asyncio.sleep(_CLOSED_INTERVAL.total_seconds())
        return []

    async def log_jobs(self, job_status: list[tuple[QueueEntry, JOB_STATUS, TracebackRecord | None]]) -> None:
        held = await self._held([entry for entry, _, _ in job_status])
        if mine := [item for item in job_status if item[0].id in held]:
            await super().log_jobs(mine)

    async def retry_job(self, job: QueueEntry, delay: timedelta, traceback_record: TracebackRecord | None) -> None:
        if await self._held([job]):
            await super().retry_job(job, delay, traceback_record)

    async def _held(self, entries: list[QueueEntry]) -> set[JobId]:
        query = f"""
            SELECT id FROM {self.qbe.qualified.queue_table}
            JOIN unnest($1::bigint[], $2::uuid[]) AS lease (entry, holder) ON id = entry AND queue_manager_id = holder
        """  # noqa: S608  the name is PgQueuer's own, checked by it
        rows = await self.driver.fetch(query, [entry.id for entry in entries], [e.queue_manager_id for e in entries])
        return {JobId(int(str(row["id"]))) for row in rows}


async def _queries(connection: AsyncConnection) -> Queries:
    driver_connection = (await connection.get_raw_connection()).driver_connection
    assert driver_connection is not None
    return Queries(AsyncpgDriver(driver_connection))
