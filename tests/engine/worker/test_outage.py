"""Postgres stops under a running engine and starts again; the engine recovers, and nothing is lost."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.contract.errors import StoreUnavailable
from engine.contract.ids import new_id
from engine.contract.jobs import JobStatus
from engine.store.transitions import cancel_job
from tests.engine.worker.conftest import QUICK, EngineStarter
from tests.engine.worker.following import count, end_of, job_running, queue_is_empty, submit, until
from tests.fakes import FakePainter, request_for
from tests.outage import Outage

# What an engine had taken before an outage is offered again when its lease has ended.
BRIEF = replace(QUICK, queue=replace(QUICK.queue, lease=timedelta(seconds=2)))


async def test_engine_survives_an_outage(outage: Outage, start_engine: EngineStarter) -> None:
    """Jobs that ran and jobs that waited when Postgres stopped are finished after it started, each once."""
    painter = FakePainter()
    painter.open.clear()
    jobs = [await submit(outage.database, request_for(new_id())) for _ in range(6)]
    async with start_engine(painter, options=BRIEF, on=outage.database):
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
    async with start_engine(painter, options=BRIEF, on=outage.database):
        await job_running(outage.database, job.id)
        await outage.begin()
        await outage.end()
        async with outage.database.begin() as connection:
            assert await cancel_job(connection, job.id)
        await until(lambda: queue_is_empty(outage.database))
    assert painter.closed == [job.id]


async def test_stop_during_an_outage_ends_the_engine(outage: Outage, start_engine: EngineStarter) -> None:
    """An engine stopped while Postgres is down does not wait for it; the job is there for the next engine."""
    painter = FakePainter()
    painter.open.clear()
    job = await submit(outage.database, request_for(new_id()))
    async with start_engine(painter, options=BRIEF, on=outage.database) as engine:
        await job_running(outage.database, job.id)
        await outage.begin()
        engine.stop.set()
        engine.force_stop.set()
        await engine.task
    await outage.end()
    async with start_engine(FakePainter(), options=BRIEF, on=outage.database):
        assert (await end_of(outage.database, job.id)).status is JobStatus.FINISHED
