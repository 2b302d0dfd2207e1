"""Jobs change status only as they legally may, and an engine that lost a job changes nothing of it."""

from __future__ import annotations

import asyncio
from uuid import UUID

import asyncpg
import pytest
import sqlalchemy as sa

from engine.contract.ids import new_id
from engine.contract.jobs import Job, JobStatus, Picture
from engine.store.database import Database
from engine.store.jobs import (
    CANCELS_CHANNEL,
    JOBS_CHANNEL,
    cancel_job,
    count_ahead,
    count_pending,
    count_waiting,
    fail_job,
    finish_job,
    read_held,
    read_job,
    read_pictures,
    read_places,
    read_preview,
    read_typical_duration,
    record_progress,
    return_job,
    start_job,
    submit_job,
)
from tests.fakes import request_for


async def _submit(database: Database, member: UUID | None = None) -> Job:
    async with database.begin() as connection:
        return await submit_job(connection, request_for(member or new_id()))


async def _start(database: Database, job: Job) -> Job:
    async with database.begin() as connection:
        started = await start_job(connection, job.id)
    assert started is not None
    return started


async def _read(database: Database, job: Job) -> Job:
    async with database.begin() as connection:
        found = await read_job(connection, job.id)
    assert found is not None
    return found


def _picture(job: Job, slot: int) -> Picture:
    return Picture(
        id=new_id(), job_id=job.id, slot=slot, object_key=f"{slot}.png", width=8, height=8, seed=slot, recipe={"a": 1}
    )


async def test_job_is_read_as_it_was_asked(database: Database) -> None:
    """A submitted job comes back with its spec whole, waiting and not yet attempted."""
    request = request_for(new_id(), "a red circle", parameters={"ar": "3:2", "lora": ("one:0.5",), "cfg": 4.5})
    async with database.begin() as connection:
        await submit_job(connection, request)
        job = await read_job(connection, request.id)
    assert job is not None
    assert (job.spec, dict(job.spec.parameters)) == (request.spec, dict(request.spec.parameters))
    assert (job.status, job.attempts, job.seed) == (JobStatus.WAITING, 0, 7)


async def test_submission_is_all_or_nothing(database: Database) -> None:
    """A transaction that fails leaves neither job nor queue entry."""
    with pytest.raises(ZeroDivisionError):
        async with database.begin() as connection:
            await submit_job(connection, request_for(new_id()))
            raise ZeroDivisionError
    async with database.begin() as connection:
        assert (await connection.execute(sa.text("SELECT count(*) FROM jobs"))).scalar_one() == 0
        assert (await connection.execute(sa.text("SELECT count(*) FROM pgqueuer"))).scalar_one() == 0


async def test_finished_job_is_final(database: Database) -> None:
    """Nothing changes a job after it has finished."""
    job = await _start(database, await _submit(database))
    async with database.begin() as connection:
        assert await finish_job(connection, job.id, [_picture(job, 0)], "grid.jpg", "image/jpeg")
        assert not await finish_job(connection, job.id, [_picture(job, 1)], "grid.jpg", "image/jpeg")
        assert not await fail_job(connection, job.id, {"error": "ModelBroken"})
        assert not await cancel_job(connection, job.id)
        assert not await return_job(connection, job.id, count_attempt=True)
        assert not await record_progress(connection, job.id, 0.5, b"jpeg")
        assert await start_job(connection, job.id) is None
        assert [picture.slot for picture in await read_pictures(connection, job.id)] == [0]
    assert (await _read(database, job)).status is JobStatus.FINISHED


async def test_waiting_job_cannot_finish(database: Database) -> None:
    """Only a running job finishes."""
    job = await _submit(database)
    async with database.begin() as connection:
        assert not await finish_job(connection, job.id, [_picture(job, 0)], "grid.jpg", "image/jpeg")
        assert await read_pictures(connection, job.id) == ()


async def test_earlier_attempt_writes_nothing(database: Database) -> None:
    """Whoever started a job before its present holder can neither note, finish, fail nor return it."""
    first = await _start(database, await _submit(database))
    second = await _start(database, first)
    assert (first.attempts, second.attempts) == (1, 2)
    async with database.begin() as connection:
        assert not await record_progress(connection, first.id, 0.9, b"jpeg", attempt=1)
        assert not await finish_job(connection, first.id, [_picture(first, 0)], "g.jpg", "image/jpeg", attempt=1)
        assert not await fail_job(connection, first.id, {"error": "ModelBroken"}, attempt=1)
        assert not await return_job(connection, first.id, count_attempt=False, attempt=1)
        assert await read_preview(connection, first.id) is None
        assert await read_held(connection, {first.id: 1}) == frozenset()
        assert await read_held(connection, {first.id: 2}) == {first.id}
        assert await finish_job(connection, first.id, [_picture(first, 0)], "g.jpg", "image/jpeg", attempt=2)


async def test_uncounted_return_leaves_the_attempt(database: Database) -> None:
    """A job returned for no fault of its own has as many attempts left as before, and no progress or preview."""
    job = await _start(database, await _submit(database))
    async with database.begin() as connection:
        await record_progress(connection, job.id, 0.5, b"jpeg")
        assert await return_job(connection, job.id, count_attempt=False, attempt=1)
        assert await read_preview(connection, job.id) is None
    back = await _read(database, job)
    assert (back.status, back.attempts, back.progress) == (JobStatus.WAITING, 0, 0.0)


async def test_fourth_start_fails_the_job(database: Database) -> None:
    """A job started three times without an end is failed with its cause instead of being started again."""
    job = await _submit(database)
    for _ in range(3):
        await _start(database, job)
    async with database.begin() as connection:
        assert await start_job(connection, job.id) is None
    failed = await _read(database, job)
    assert (failed.status, failed.cause) == (JobStatus.FAILED, {"error": "PainterLost", "attempts": 3})


async def test_changes_are_announced_at_commit(database: Database, database_url: str) -> None:
    """Every change of a job sends its id on one channel, a cancellation on a second, and none before the commit."""
    heard: asyncio.Queue[tuple[object, object]] = asyncio.Queue()
    listener = await asyncpg.connect(database_url)
    try:
        for channel in (JOBS_CHANNEL, CANCELS_CHANNEL):
            await listener.add_listener(channel, lambda _c, _p, channel, payload: heard.put_nowait((channel, payload)))
        async with database.begin() as connection:
            job = await submit_job(connection, request_for(new_id()))
            await listener.fetch("SELECT 1")
            assert heard.empty()
        assert await heard.get() == (JOBS_CHANNEL, str(job.id))
        async with database.begin() as connection:
            await start_job(connection, job.id)
        assert await heard.get() == (JOBS_CHANNEL, str(job.id))
        async with database.begin() as connection:
            await cancel_job(connection, job.id)
        assert {await heard.get(), await heard.get()} == {(JOBS_CHANNEL, str(job.id)), (CANCELS_CHANNEL, str(job.id))}
    finally:
        await listener.close()


async def test_place_in_the_queue_is_by_turns(database: Database) -> None:
    """A member's jobs follow each other; another's first job comes before their second."""
    busy, calm = new_id(), new_id()
    own = [await _submit(database, busy) for _ in range(3)]
    other = await _submit(database, calm)
    async with database.begin() as connection:
        assert [await count_ahead(connection, job) for job in [*own, other]] == [0, 2, 3, 1]
        places = await read_places(connection, [job.id for job in [*own, other]])
        assert [places[job.id] for job in [*own, other]] == [0, 2, 3, 1]
        assert await count_pending(connection, busy) == 3
        assert await count_waiting(connection) == 4


async def test_typical_duration_is_of_finished_jobs(database: Database) -> None:
    """It is unknown until a job has finished."""
    job = await _start(database, await _submit(database))
    async with database.begin() as connection:
        assert await read_typical_duration(connection) is None
        await finish_job(connection, job.id, [_picture(job, 0)], "g.jpg", "image/jpeg")
        assert await read_typical_duration(connection) is not None
