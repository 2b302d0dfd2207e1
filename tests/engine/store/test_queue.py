"""The queue hands jobs out in turn, keeps unfinished ones, and leaves an entry to the holder of its lease."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from engine.contract.ids import new_id
from engine.contract.jobs import Job
from engine.store.database import Database
from engine.store.jobs import submit_job
from engine.store.queue import Handler, QueueOptions, prune_log, requeue_orphans, run_queue
from engine.store.transitions import cancel_job, start_job
from tests.fakes import request_for

_OPTIONS = QueueOptions(concurrency=2, lease=timedelta(seconds=30), poll=timedelta(seconds=0.1))


async def _submit(database: Database, member: UUID, *, speed: str = "fast") -> Job:
    async with database.begin() as connection:
        return await submit_job(connection, request_for(member, parameters={speed: True}))


async def _scalar(database: Database, query: str) -> int:
    async with database.begin() as connection:
        return int((await connection.execute(sa.text(query))).scalar_one())


async def _until_empty(database: Database) -> None:
    while await _scalar(database, "SELECT count(*) FROM pgqueuer"):  # noqa: ASYNC110
        await asyncio.sleep(0.05)


@asynccontextmanager
async def _running(database: Database, handle: Handler) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(run_queue(database, handle, _OPTIONS, stop=stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def test_jobs_are_handed_out_in_turn(database: Database) -> None:
    """A second member's job comes after the first member's first, not after all of theirs."""
    busy, calm = new_id(), new_id()
    jobs = [await _submit(database, busy) for _ in range(4)]
    jobs.insert(1, await _submit(database, calm))
    handed: list[UUID] = []

    async def handle(job_id: UUID) -> None:
        handed.append(job_id)

    async with _running(database, handle):
        await _until_empty(database)
    assert handed == [job.id for job in jobs]


async def test_turbo_goes_before_the_others_and_relaxed_jobs_go_last(database: Database) -> None:
    """Whenever they were asked for; within each speed members take turns, and one speed does not age another."""
    busy, calm = new_id(), new_id()
    relaxed = [await _submit(database, member, speed="relax") for member in (busy, busy, calm)]
    fast = [await _submit(database, member) for member in (busy, busy, calm)]
    turbo = await _submit(database, calm, speed="turbo")
    handed: list[UUID] = []

    async def handle(job_id: UUID) -> None:
        handed.append(job_id)
        is_first = len(handed) == 1
        async with database.begin() as connection:
            await start_job(connection, job_id)
        if is_first:
            # Its turn is the present one for fast jobs, whatever the turbo job's was.
            fast.append(await _submit(database, new_id()))

    async with _running(database, handle):
        await _until_empty(database)
    expected = [turbo, fast[0], fast[2], fast[3], fast[1], relaxed[0], relaxed[2], relaxed[1]]
    assert handed == [job.id for job in expected]


async def test_forty_jobs_of_one_member_hold_up_another_by_one_each(database: Database) -> None:
    """However many of one wait, and however many the other asks for, they alternate."""
    busy, calm = new_id(), new_id()
    of_busy = [await _submit(database, busy) for _ in range(40)]
    of_calm = [await _submit(database, calm) for _ in range(40)]
    handed: list[UUID] = []

    async def handle(job_id: UUID) -> None:
        handed.append(job_id)

    async with _running(database, handle):
        await _until_empty(database)
    assert handed == [job.id for pair in zip(of_busy, of_calm, strict=True) for job in pair]


async def test_returned_job_is_handed_out_again(database: Database) -> None:
    """A handler that returns a delay gets the job again, and finishes it the second time."""
    job = await _submit(database, new_id())
    handed: list[UUID] = []

    async def handle(job_id: UUID) -> timedelta | None:
        handed.append(job_id)
        return timedelta(0) if len(handed) == 1 else None

    async with _running(database, handle):
        await _until_empty(database)
    assert handed == [job.id, job.id]


async def test_entry_belongs_to_the_holder_of_the_lease(database: Database) -> None:
    """An engine that lost its lease does not remove the entry when it finishes late."""
    await _submit(database, new_id())
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handle(_job_id: UUID) -> None:
        begun.set()
        await go_on.wait()

    async with _running(database, handle):
        await begun.wait()
        take = "UPDATE pgqueuer SET queue_manager_id = gen_random_uuid(), heartbeat = now() RETURNING 1"
        async with database.begin() as connection:
            await connection.execute(sa.text(take))
        go_on.set()
    assert await _scalar(database, "SELECT count(*) FROM pgqueuer WHERE status = 'picked'") == 1


async def test_orphans_are_queued_once(database: Database) -> None:
    """Unfinished jobs without an entry are queued again, only once even by concurrent calls; ended jobs are not."""
    jobs = [await _submit(database, new_id()) for _ in range(3)]
    async with database.begin() as connection:
        await connection.execute(sa.text("DELETE FROM pgqueuer"))
        await cancel_job(connection, jobs[0].id)

    async def sweep() -> None:
        async with database.begin() as connection:
            await requeue_orphans(connection)

    await asyncio.gather(*(sweep() for _ in range(4)))
    assert await _scalar(database, "SELECT count(*) FROM pgqueuer") == 2
    await sweep()
    assert await _scalar(database, "SELECT count(DISTINCT dedupe_key) FROM pgqueuer") == 2


async def test_log_is_pruned_by_age(database: Database) -> None:
    """Aggregated entries older than a week are deleted; the others stay."""
    async with database.begin() as connection:
        await connection.execute(
            sa.text("""
                INSERT INTO pgqueuer_log (job_id, status, priority, entrypoint, aggregated, created)
                VALUES (1, 'successful', 0, 'paint', true, now() - interval '8 days'),
                       (2, 'successful', 0, 'paint', false, now() - interval '8 days'),
                       (3, 'successful', 0, 'paint', true, now())""")
        )
        assert await prune_log(connection) == 1
    assert await _scalar(database, "SELECT sum(job_id) FROM pgqueuer_log") == 5


async def test_statistics_are_pruned_by_age(database: Database) -> None:
    """They have a row for every job, because each has a priority of its own; those of a week ago are deleted."""
    async with database.begin() as connection:
        await connection.execute(
            sa.text("""
                INSERT INTO pgqueuer_statistics (count, created, priority, status, entrypoint)
                VALUES (1, now() - interval '8 days', 1, 'successful', 'paint'),
                       (1, now(), 2, 'successful', 'paint')""")
        )
        await prune_log(connection)
    assert await _scalar(database, "SELECT sum(priority) FROM pgqueuer_statistics") == 2
