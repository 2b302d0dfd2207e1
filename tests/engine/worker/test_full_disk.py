"""The disk fills up under Postgres: jobs wait, and go on when there is room; nobody pays an attempt."""

from __future__ import annotations

import pytest

from engine.contract.errors import StorageFull
from engine.contract.ids import new_id
from engine.contract.jobs import JobStatus
from engine.store.database import Database
from tests.engine.worker.conftest import EngineStarter
from tests.engine.worker.following import end_of, job_running, queue_is_empty, submit, until
from tests.fakes import FakePainter, request_for
from tests.full_disk import full_disk


async def test_jobs_wait_for_room_and_go_on(database: Database, database_url: str, start_engine: EngineStarter) -> None:
    """Jobs that run and jobs that wait when the disk is full are painted once and finished afterwards."""

    async def says_so() -> bool:
        return await database.find_problem() == "the disk of Postgres is full"

    painter = FakePainter()
    painter.open.clear()
    jobs = [await submit(database, request_for(new_id())) for _ in range(6)]
    async with start_engine(painter):
        for job in jobs[:4]:
            await job_running(database, job.id)
        async with full_disk(database_url):
            painter.open.set()
            await until(says_so)
            with pytest.raises(StorageFull):
                await submit(database, request_for(new_id()))
        ended = [await end_of(database, job.id) for job in jobs]
        await until(lambda: queue_is_empty(database))
    assert [(job.status, job.attempts, job.crashes) for job in ended] == [(JobStatus.FINISHED, 1, 0)] * 6
    assert len(painter.requests) == 6
