"""A cancelled job stops wherever it is, and a job ends once."""

from __future__ import annotations

import asyncio

from engine.contract.ids import new_id
from engine.contract.jobs import JobStatus
from engine.store.database import Database
from engine.store.jobs import read_pictures
from engine.store.transitions import cancel_job
from tests.engine.worker.conftest import EngineStarter
from tests.engine.worker.following import count, end_of, job_running, queue_is_empty, submit, until
from tests.fakes import FakePainter, request_for


async def test_cancelled_job_stops_painting(database: Database, start_engine: EngineStarter) -> None:
    """Cancelling a running job closes its painting, and it stays cancelled without pictures."""
    painter = FakePainter()
    painter.open.clear()
    job = await submit(database, request_for(new_id()))
    async with start_engine(painter):
        await job_running(database, job.id)
        async with database.begin() as connection:
            assert await cancel_job(connection, job.id)
        await until(lambda: queue_is_empty(database))
    assert painter.closed == [job.id]
    assert (await end_of(database, job.id)).status is JobStatus.CANCELLED
    assert await count(database, "SELECT count(*) FROM pictures") == 0


async def test_cancelled_while_waiting_is_never_painted(database: Database, start_engine: EngineStarter) -> None:
    """A job cancelled before an engine takes it is answered without painting."""
    job = await submit(database, request_for(new_id()))
    async with database.begin() as connection:
        await cancel_job(connection, job.id)
    painter = FakePainter()
    async with start_engine(painter):
        await until(lambda: queue_is_empty(database))
    assert painter.requests == []


async def test_cancel_racing_finish_has_one_winner(database: Database, start_engine: EngineStarter) -> None:
    """Whichever commits first stands: finished with pictures, or cancelled without."""
    painter = FakePainter(steps=2)
    async with start_engine(painter):
        jobs = [await submit(database, request_for(new_id(), seed=seed)) for seed in range(12)]

        async def cancel(job_id: object, delay: float) -> bool:
            await asyncio.sleep(delay)
            async with database.begin() as connection:
                return await cancel_job(connection, job_id)  # type: ignore[arg-type]

        won = await asyncio.gather(*(cancel(job.id, number * 0.02) for number, job in enumerate(jobs)))
        ended = [await end_of(database, job.id) for job in jobs]
        await until(lambda: queue_is_empty(database))
    for job, is_cancelled in zip(ended, won, strict=True):
        assert job.status is (JobStatus.CANCELLED if is_cancelled else JobStatus.FINISHED)
        async with database.begin() as connection:
            assert len(await read_pictures(connection, job.id)) == (0 if is_cancelled else 4)
