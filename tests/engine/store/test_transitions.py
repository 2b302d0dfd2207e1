"""Jobs make only valid transitions, and an engine that lost a job cannot change it."""

from __future__ import annotations

from engine.contract.jobs import MAX_CRASHES, JobStatus
from engine.store.database import Database
from engine.store.jobs import read_pictures, read_preview
from engine.store.transitions import (
    cancel_job,
    cancel_jobs,
    fail_job,
    finish_job,
    read_held,
    reclaim_job,
    record_progress,
    return_job,
    start_job,
    uncount_crash,
)
from tests.engine.store.stages import picture_of, read, started, submitted


async def test_finished_job_is_final(database: Database) -> None:
    """Nothing changes a job after it has finished."""
    job = await started(database, await submitted(database))
    async with database.begin() as connection:
        assert await finish_job(connection, job.id, [picture_of(job, 0)], "grid.jpg", "image/jpeg")
        assert not await finish_job(connection, job.id, [picture_of(job, 1)], "grid.jpg", "image/jpeg")
        assert not await fail_job(connection, job.id, {"error": "ModelBroken"})
        assert not await cancel_job(connection, job.id)
        assert not await return_job(connection, job.id, count_attempt=True)
        assert not await record_progress(connection, job.id, 0.5, b"jpeg")
        assert await start_job(connection, job.id) is None
        assert [picture.slot for picture in await read_pictures(connection, job.id)] == [0]
    assert (await read(database, job)).status is JobStatus.FINISHED


async def test_many_jobs_are_cancelled_at_once(database: Database) -> None:
    """Waiting and running ones, with their previews; those that have ended are not among them."""
    waiting, running = await submitted(database), await started(database, await submitted(database))
    done = await started(database, await submitted(database))
    async with database.begin() as connection:
        await record_progress(connection, running.id, 0.5, b"jpeg")
        await finish_job(connection, done.id, [picture_of(done, 0)], "g.jpg", "image/jpeg")
        cancelled = await cancel_jobs(connection, [done.id, running.id, waiting.id])
        assert cancelled == {waiting.id, running.id}
        assert await cancel_jobs(connection, [running.id, waiting.id]) == frozenset()
        assert await read_preview(connection, running.id) is None
    states = [(await read(database, job)).status for job in (waiting, running, done)]
    assert states == [JobStatus.CANCELLED, JobStatus.CANCELLED, JobStatus.FINISHED]


async def test_waiting_job_cannot_finish(database: Database) -> None:
    """Only a running job finishes."""
    job = await submitted(database)
    async with database.begin() as connection:
        assert not await finish_job(connection, job.id, [picture_of(job, 0)], "grid.jpg", "image/jpeg")
        assert await read_pictures(connection, job.id) == ()


async def test_earlier_start_writes_nothing(database: Database) -> None:
    """An earlier start can neither record progress, finish, fail nor return the job."""
    first = await started(database, await submitted(database))
    second = await started(database, first)
    assert (first.starts, second.starts) == (1, 2)
    async with database.begin() as connection:
        assert not await record_progress(connection, first.id, 0.9, b"jpeg", start=1)
        assert not await finish_job(connection, first.id, [picture_of(first, 0)], "g.jpg", "image/jpeg", start=1)
        assert not await fail_job(connection, first.id, {"error": "ModelBroken"}, start=1)
        assert not await return_job(connection, first.id, start=1)
        assert await read_preview(connection, first.id) is None
        assert await read_held(connection, {first.id: 1}) == frozenset()
        assert await read_held(connection, {first.id: 2}) == {first.id}
        assert await finish_job(connection, first.id, [picture_of(first, 0)], "g.jpg", "image/jpeg", start=2)


async def test_a_repeated_start_begins_no_further_attempt(database: Database) -> None:
    """A start whose confirmation was lost is made again; it is the same attempt."""
    job = await started(database, await started(database, await submitted(database)))
    assert (job.attempts, job.starts, job.crashes) == (1, 2, 0)


async def test_uncounted_return_leaves_the_attempt(database: Database) -> None:
    """A job returned without counting the attempt keeps its attempts, and loses its progress and preview."""
    job = await started(database, await submitted(database))
    async with database.begin() as connection:
        await record_progress(connection, job.id, 0.5, b"jpeg")
        assert await return_job(connection, job.id, start=1)
        assert await read_preview(connection, job.id) is None
    back = await read(database, job)
    assert (back.status, back.attempts, back.progress) == (JobStatus.WAITING, 0, 0.0)


async def test_return_counts_what_it_is_told(database: Database) -> None:
    """The job's own failure costs an attempt, a crash beside others only counts as one."""
    job = await started(database, await submitted(database))
    async with database.begin() as connection:
        assert await return_job(connection, job.id, count_attempt=True, start=1)
    job = await started(database, job)
    async with database.begin() as connection:
        assert await return_job(connection, job.id, count_crash=True, start=2)
    back = await read(database, job)
    assert (back.attempts, back.crashes) == (1, 1)


async def test_reclaimed_job_waits_again_and_pays_nothing(database: Database) -> None:
    """A job whose engine is gone loses its progress and counts a crash; reclaiming it again changes nothing."""
    job = await started(database, await submitted(database))
    async with database.begin() as connection:
        await record_progress(connection, job.id, 0.5, b"jpeg")
        first = await reclaim_job(connection, job.id)
        assert first is not None and await reclaim_job(connection, job.id) == first
        assert await read_preview(connection, job.id) is None
        assert not await finish_job(connection, job.id, [picture_of(job, 0)], "g.jpg", "image/jpeg", start=1)
    assert (first.status, first.attempts, first.crashes, first.progress) == (JobStatus.WAITING, 0, 1, 0.0)


async def test_an_engine_that_lives_takes_its_crash_back(database: Database) -> None:
    """It lost only its lease: the count is what it was, and never below zero."""
    job = await started(database, await submitted(database))
    async with database.begin() as connection:
        await reclaim_job(connection, job.id)
        for _ in range(2):
            await uncount_crash(connection, job.id, start=1)
    assert (await read(database, job)).crashes == 0


async def test_a_job_in_hand_at_every_crash_fails_at_last(database: Database) -> None:
    """One that takes the whole engine with it, so that nobody sees it crash alone, does not do so for ever."""
    job = await submitted(database)
    for _ in range(MAX_CRASHES - 1):
        await started(database, job)
        async with database.begin() as connection:
            assert await reclaim_job(connection, job.id)
    last = await started(database, job)
    assert (last.attempts, last.is_suspect) == (1, True)
    async with database.begin() as connection:
        assert await reclaim_job(connection, job.id) is None
        assert await reclaim_job(connection, job.id) is None
    failed = await read(database, job)
    assert (failed.status, failed.cause) == (JobStatus.FAILED, {"error": "PainterLost", "crashes": MAX_CRASHES})
