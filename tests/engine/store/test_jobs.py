"""Jobs are stored together with their queue entry, and every change is announced."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
import sqlalchemy as sa

from engine.contract.ids import new_id
from engine.contract.jobs import JobStatus
from engine.store.database import Database
from engine.store.jobs import JOBS_CHANNEL, read_job, submit_job
from engine.store.transitions import CANCELS_CHANNEL, cancel_job, start_job
from tests.fakes import request_for


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
