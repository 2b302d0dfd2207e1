"""What an operator does with the queue, seen from an engine."""

from __future__ import annotations

from engine.contract.ids import new_id
from engine.contract.jobs import JobStatus
from engine.store.database import Database
from engine.store.quarantine import retry_jobs
from tests.engine.worker.conftest import EngineStarter
from tests.engine.worker.following import end_of, submit
from tests.fakes import FakePainter, request_for


async def test_a_retried_job_is_painted_once(database: Database, start_engine: EngineStarter) -> None:
    """After it failed three times, by the same engine too."""
    painter = FakePainter(faults={"poison": [ZeroDivisionError("by nothing")] * 3})
    job = await submit(database, request_for(new_id(), "poison"))
    async with start_engine(painter):
        assert (await end_of(database, job.id)).status is JobStatus.FAILED
        async with database.begin() as connection:
            assert await retry_jobs(connection, [job.id]) == {job.id}
        done = await end_of(database, job.id)
    assert (done.status, done.attempts, len(painter.requests)) == (JobStatus.FINISHED, 1, 4)
