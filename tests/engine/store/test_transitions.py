"""Jobs make only valid transitions, and an engine that lost a job cannot change it."""

from __future__ import annotations

from engine.contract.jobs import JobStatus
from engine.store.database import Database
from engine.store.jobs import read_pictures, read_preview
from engine.store.transitions import cancel_job, fail_job, finish_job, read_held, record_progress, return_job, start_job
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


async def test_waiting_job_cannot_finish(database: Database) -> None:
    """Only a running job finishes."""
    job = await submitted(database)
    async with database.begin() as connection:
        assert not await finish_job(connection, job.id, [picture_of(job, 0)], "grid.jpg", "image/jpeg")
        assert await read_pictures(connection, job.id) == ()


async def test_earlier_attempt_writes_nothing(database: Database) -> None:
    """An earlier attempt can neither record progress, finish, fail nor return the job."""
    first = await started(database, await submitted(database))
    second = await started(database, first)
    assert (first.attempts, second.attempts) == (1, 2)
    async with database.begin() as connection:
        assert not await record_progress(connection, first.id, 0.9, b"jpeg", attempt=1)
        assert not await finish_job(connection, first.id, [picture_of(first, 0)], "g.jpg", "image/jpeg", attempt=1)
        assert not await fail_job(connection, first.id, {"error": "ModelBroken"}, attempt=1)
        assert not await return_job(connection, first.id, count_attempt=False, attempt=1)
        assert await read_preview(connection, first.id) is None
        assert await read_held(connection, {first.id: 1}) == frozenset()
        assert await read_held(connection, {first.id: 2}) == {first.id}
        assert await finish_job(connection, first.id, [picture_of(first, 0)], "g.jpg", "image/jpeg", attempt=2)


async def test_uncounted_return_leaves_the_attempt(database: Database) -> None:
    """A job returned without counting the attempt keeps its attempts, and loses its progress and preview."""
    job = await started(database, await submitted(database))
    async with database.begin() as connection:
        await record_progress(connection, job.id, 0.5, b"jpeg")
        assert await return_job(connection, job.id, count_attempt=False, attempt=1)
        assert await read_preview(connection, job.id) is None
    back = await read(database, job)
    assert (back.status, back.attempts, back.progress) == (JobStatus.WAITING, 0, 0.0)


async def test_fourth_start_fails_the_job(database: Database) -> None:
    """A job started three times without an end fails with a cause instead of being started again."""
    job = await submitted(database)
    for _ in range(3):
        await started(database, job)
    async with database.begin() as connection:
        assert await start_job(connection, job.id) is None
    failed = await read(database, job)
    assert (failed.status, failed.cause) == (JobStatus.FAILED, {"error": "PainterLost", "attempts": 3})
