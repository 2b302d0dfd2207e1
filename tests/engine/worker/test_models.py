"""Engines with different models: each job is painted by one that has its model."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from engine.contract.ids import new_id
from engine.contract.jobs import JobStatus
from engine.store.database import Database
from engine.store.engines import REMEMBERED, Engine, announce_engine
from engine.store.tables import engines
from tests.engine.worker.conftest import QUICK, EngineStarter
from tests.engine.worker.following import end_of, submit, until
from tests.fakes import FakePainter, request_for

ONLY_SMALL, ONLY_LARGE = (replace(QUICK, models=frozenset({name})) for name in ("small", "large"))


async def test_a_job_goes_to_an_engine_that_has_its_model(database: Database, start_engine: EngineStarter) -> None:
    """One that names no model may go to either."""
    small, large = FakePainter(), FakePainter()
    async with start_engine(small, options=ONLY_SMALL), start_engine(large, options=ONLY_LARGE):
        await until(lambda: _are_announced(database, 2))
        jobs = [await submit(database, request_for(new_id(), f"{n}", parameters={"model": "large"})) for n in range(4)]
        jobs.append(await submit(database, request_for(new_id(), "any")))
        ended = [await end_of(database, job.id) for job in jobs]
    assert {job.status for job in ended} == {JobStatus.FINISHED}
    assert {job.attempts for job in ended} == {1}
    assert {request.spec.prompt for request in small.requests} <= {"any"}


async def test_a_job_waits_for_an_engine_that_restarts(database: Database, start_engine: EngineStarter) -> None:
    """While an engine with its model was there within the hour, another one does not try it."""
    gone, small = Engine(id=new_id(), models=frozenset({"large"})), FakePainter()
    async with database.begin() as connection:
        await announce_engine(connection, gone)
    job = await submit(database, request_for(new_id(), "a cat", parameters={"model": "large"}))
    async with start_engine(small, options=ONLY_SMALL):
        await until(lambda: _are_announced(database, 2))
        async with start_engine(FakePainter(), options=ONLY_LARGE):
            assert (await end_of(database, job.id)).status is JobStatus.FINISHED
    assert small.requests == []


async def test_a_job_whose_model_no_engine_has_is_tried(database: Database, start_engine: EngineStarter) -> None:
    """The painter then refuses it, with the name of the model; an engine that is gone for long counts as none."""
    gone, small = Engine(id=new_id(), models=frozenset({"large"})), FakePainter()
    async with database.begin() as connection:
        await announce_engine(connection, gone)
        long_ago = sa.func.now() - REMEMBERED - timedelta(seconds=1)
        await connection.execute(sa.update(engines).values(seen_at=long_ago))
    job = await submit(database, request_for(new_id(), "a cat", parameters={"model": "large"}))
    async with start_engine(small, options=ONLY_SMALL):
        await end_of(database, job.id)
    assert [request.spec.prompt for request in small.requests] == ["a cat"]


async def _are_announced(database: Database, number: int) -> bool:
    async with database.begin() as connection:
        return (await connection.execute(sa.select(sa.func.count()).select_from(engines))).scalar_one() == number
