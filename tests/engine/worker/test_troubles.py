"""An engine handles failures that are not the job's: it returns jobs, starts over, and loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from engine.contract.errors import PictureStoreUnavailable, StorageFull, StoreUnavailable
from engine.contract.ids import new_id
from engine.contract.jobs import JobStatus
from engine.contract.store_faults import StoreFault
from engine.store.database import Database
from engine.store.objects import Objects
from tests.engine.worker.conftest import QUICK, EngineStarter
from tests.engine.worker.following import end_of, job_running, job_when, submit, until
from tests.fakes import FakePainter, request_for


async def _was_logged(entries: list[MutableMapping[str, Any]], event: str) -> bool:
    return any(entry["event"] == event for entry in entries)


class Away(Objects):
    """A picture store that raises `error` while there is one."""

    error: StoreUnavailable | None = None

    async def put(self, data: bytes, suffix: str) -> str:
        """Store, or raise the error."""
        if self.error:
            raise self.error
        return await super().put(data, suffix)


@pytest.mark.parametrize(
    "error",
    [
        PictureStoreUnavailable(fault=StoreFault.NO_BUCKET, cause="NoSuchBucket"),
        StorageFull(place="pictures"),
    ],
)
async def test_what_is_painted_is_kept_until_it_can_be_stored(
    database: Database, objects: Objects, start_engine: EngineStarter, error: StoreUnavailable
) -> None:
    """The picture store goes away during a job: it is painted once, and counts nothing; no further job is begun."""
    store, painter = Away(objects.store), FakePainter()
    painter.open.clear()
    job = await submit(database, request_for(new_id()))
    impatient = replace(QUICK, job=replace(QUICK.job, storage_timeout=timedelta(0)))
    async with start_engine(painter, store=store, options=impatient):
        await job_running(database, job.id)
        store.error = error
        painter.open.set()
        kept = await job_when(database, job.id, lambda job: job.progress == 1)
        assert kept.status is JobStatus.RUNNING
        second = await submit(database, request_for(new_id()))
        # The queue looks for jobs several times meanwhile.
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await job_when(database, second.id, lambda job: job.status is not JobStatus.WAITING)
        store.error = None
        ended = [await end_of(database, each.id) for each in (job, second)]
    assert [(job.status, job.attempts, job.starts) for job in ended] == [(JobStatus.FINISHED, 1, 1)] * 2
    assert [request.job_id for request in painter.requests] == [job.id, second.id]


async def test_an_engine_that_cannot_store_takes_no_job_until_it_can(
    database: Database, objects: Objects, start_engine: EngineStarter
) -> None:
    """Another engine may take it meanwhile."""
    store, idle = Away(objects.store), FakePainter()
    store.error = PictureStoreUnavailable(fault=StoreFault.WRONG_KEY, cause="InvalidAccessKeyId")
    first = await submit(database, request_for(new_id()))
    async with start_engine(idle, store=store):
        async with start_engine(FakePainter()):
            assert (await end_of(database, first.id)).status is JobStatus.FINISHED
        assert idle.requests == []
        store.error = None
        second = await submit(database, request_for(new_id()))
        assert (await end_of(database, second.id)).status is JobStatus.FINISHED
    assert len(idle.requests) == 1


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
