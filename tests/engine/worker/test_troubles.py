"""An engine handles failures that are not the job's: it returns jobs, starts over, and loses nothing."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from structlog.testing import capture_logs

from engine.contract.errors import StoreUnavailable
from engine.contract.ids import new_id
from engine.contract.jobs import JobStatus
from engine.store.database import Database
from engine.store.objects import Objects
from tests.engine.worker.conftest import QUICK, EngineStarter
from tests.engine.worker.following import end_of, job_running, job_when, submit, until
from tests.fakes import FakePainter, request_for


async def _was_logged(entries: list[MutableMapping[str, Any]], event: str) -> bool:
    return any(entry["event"] == event for entry in entries)


async def test_a_picture_store_that_stays_down_returns_the_job(
    database: Database, objects: Objects, start_engine: EngineStarter
) -> None:
    """A job does not wait for the picture store forever: it returns to the queue without counting the attempt."""

    class Away(Objects):
        is_away = True

        async def put(self, data: bytes, suffix: str) -> str:
            if self.is_away:
                raise StoreUnavailable(cause="away")
            return await super().put(data, suffix)

    store = Away(objects.store)
    job = await submit(database, request_for(new_id()))
    impatient = replace(QUICK, job=replace(QUICK.job, storage_timeout=timedelta(seconds=0.3)))
    async with start_engine(FakePainter(), store=store, options=impatient):
        await job_running(database, job.id)
        returned = await job_when(database, job.id, lambda job: job.status is JobStatus.WAITING)
        assert returned.attempts == 0
        store.is_away = False
        done = await end_of(database, job.id)
    assert (done.status, done.attempts) == (JobStatus.FINISHED, 1)


async def test_unexpected_errors_lose_no_job(database: Database, start_engine: EngineStarter) -> None:
    """A job that cannot be started stays queued, and is run once the failure is over; the loops go on."""
    job = await submit(database, request_for(new_id()))
    with capture_logs() as entries:
        async with database.begin() as connection:
            await connection.execute(sa.text("ALTER TABLE jobs RENAME COLUMN started_at TO broken"))
        async with start_engine(FakePainter()):
            await until(lambda: _was_logged(entries, "job_not_concluded"))
            async with database.begin() as connection:
                await connection.execute(sa.text("ALTER TABLE jobs RENAME COLUMN broken TO started_at"))
            assert (await end_of(database, job.id)).status is JobStatus.FINISHED
    assert {entry["job"] for entry in entries if entry["event"] == "job_not_concluded"} == {str(job.id)}
