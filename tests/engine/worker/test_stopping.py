"""An engine that stops costs its jobs nothing: they are finished, or put back as they were."""

from __future__ import annotations

from engine.contract.errors import JobInterrupted, PainterLost
from engine.contract.ids import new_id
from engine.contract.jobs import JobStatus
from engine.store.database import Database
from tests.engine.worker.conftest import EngineStarter
from tests.engine.worker.following import count, end_of, job_running, job_when, submit
from tests.fakes import FakePainter, request_for


async def test_stop_lets_running_jobs_finish(database: Database, start_engine: EngineStarter) -> None:
    """After a stop what runs is finished, what waits is left, and the engine ends by itself."""
    painter = FakePainter()
    painter.open.clear()
    running = [await submit(database, request_for(new_id())) for _ in range(4)]
    waiting = await submit(database, request_for(new_id()))
    async with start_engine(painter) as engine:
        for job in running:
            await job_running(database, job.id)
        engine.stop.set()
        painter.open.set()
        await engine.task
    for job in running:
        assert (await end_of(database, job.id)).status is JobStatus.FINISHED
    left = await job_when(database, waiting.id, lambda job: True)
    assert (left.status, left.attempts) == (JobStatus.WAITING, 0)
    assert await count(database, "SELECT count(*) FROM pgqueuer WHERE status = 'queued'") == 1


async def test_forced_stop_returns_running_jobs(database: Database, start_engine: EngineStarter) -> None:
    """A forced stop returns jobs without counting the attempt, and the next engine takes them at once."""
    painter = FakePainter()
    painter.open.clear()
    job = await submit(database, request_for(new_id()))
    async with start_engine(painter) as engine:
        await job_running(database, job.id)
        engine.stop.set()
        engine.force_stop.set()
        await engine.task
    assert painter.closed == [job.id]
    back = await job_when(database, job.id, lambda job: True)
    assert (back.status, back.attempts, back.progress) == (JobStatus.WAITING, 0, 0.0)
    async with start_engine(FakePainter()):
        done = await end_of(database, job.id)
    assert (done.status, done.attempts) == (JobStatus.FINISHED, 1)


async def test_painter_lost_during_a_stop_costs_no_attempt(database: Database, start_engine: EngineStarter) -> None:
    """A painter that dies of the same signal that stops the engine costs its jobs no attempt."""
    painter = FakePainter(faults={"a red circle": [PainterLost()]})
    painter.open.clear()
    job = await submit(database, request_for(new_id()))
    async with start_engine(painter) as engine:
        await job_running(database, job.id)
        engine.stop.set()
        painter.open.set()
        await engine.task
    back = await job_when(database, job.id, lambda job: True)
    assert (back.status, back.attempts) == (JobStatus.WAITING, 0)


async def test_interrupted_painting_costs_no_attempt(database: Database, start_engine: EngineStarter) -> None:
    """A painter that stops gives jobs back without using up an attempt."""
    painter = FakePainter(faults={"a red circle": [JobInterrupted() for _ in range(5)]})
    job = await submit(database, request_for(new_id()))
    async with start_engine(painter):
        done = await end_of(database, job.id)
    assert (done.status, done.attempts) == (JobStatus.FINISHED, 1)
