"""An engine handles failures that are not the job's: it returns jobs, starts over, and loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from engine.contract.errors import PictureStoreUnavailable, StorageFull, StoreUnavailable
from engine.contract.ids import new_id
from engine.contract.jobs import JobStatus
from engine.contract.store_faults import StoreFault
from engine.store.database import Database
from engine.store.jobs import read_pictures
from engine.store.objects import Objects
from engine.store.transitions import cancel_job
from tests.engine.worker.conftest import QUICK, EngineStarter
from tests.engine.worker.following import end_of, job_running, job_when, submit, until
from tests.fakes import FakePainter, painted_from_request, request_for


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


async def test_what_is_painted_survives_a_restart_of_the_engine(
    database: Database, objects: Objects, start_engine: EngineStarter, tmp_path: Path
) -> None:
    """The engine is stopped while its picture store is away; the next one stores what it finds and paints nothing."""
    store, painter = Away(objects.store), FakePainter()
    painter.open.clear()
    keeping = replace(QUICK, kept=tmp_path / "kept")
    job, cancelled = [await submit(database, request_for(new_id(), seed=seed)) for seed in (1, 2)]
    async with start_engine(painter, store=store, options=keeping):
        await job_running(database, job.id)
        store.error = PictureStoreUnavailable(fault=StoreFault.WRONG_KEY, cause="InvalidAccessKeyId")
        painter.open.set()
        await until(lambda: asyncio.sleep(0, len(list((tmp_path / "kept").glob("*.kept"))) == 2))
    async with database.begin() as connection:
        await cancel_job(connection, cancelled.id)
    second = FakePainter()
    async with start_engine(second, options=keeping):
        done = await end_of(database, job.id)
        await until(lambda: asyncio.sleep(0, not list((tmp_path / "kept").iterdir())))
    assert (done.status, done.attempts, second.requests) == (JobStatus.FINISHED, 1, [])
    expected = painted_from_request(painter.requests[[one.job_id for one in painter.requests].index(job.id)])
    async with database.begin() as connection:
        pictures = await read_pictures(connection, job.id)
    assert [await objects.get(one.object_key) for one in pictures] == [one.png for one in expected.pictures]
    assert [one.recipe for one in pictures] == [one.recipe for one in expected.pictures]


async def test_a_kept_result_that_is_damaged_is_painted_anew(
    database: Database, start_engine: EngineStarter, tmp_path: Path
) -> None:
    job = await submit(database, request_for(new_id()))
    (tmp_path / f"{job.id}.kept").write_bytes(b"half of it")
    painter = FakePainter()
    async with start_engine(painter, options=replace(QUICK, kept=tmp_path)):
        assert (await end_of(database, job.id)).status is JobStatus.FINISHED
    assert len(painter.requests) == 1


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
