"""A paused queue: what is painted is finished, and nothing else begins."""

from __future__ import annotations

import asyncio

from engine.contract.ids import new_id
from engine.contract.jobs import JobStatus
from engine.store.database import Database
from engine.store.queue_pause import pause_queue, resume_queue
from tests.engine.worker.conftest import EngineStarter
from tests.engine.worker.following import end_of, job_running, submit
from tests.fakes import FakePainter, request_for


async def test_what_is_painted_is_finished_and_nothing_else_begins(
    database: Database, start_engine: EngineStarter
) -> None:
    """Also by an engine that starts meanwhile; when the pause ends, jobs are taken by themselves."""
    painter = FakePainter()
    painter.open.clear()
    running = await submit(database, request_for(new_id(), "the first"))
    async with start_engine(painter):
        await job_running(database, running.id)
        async with database.begin() as connection:
            assert await pause_queue(connection)
            assert not await pause_queue(connection)
        # The engine looks every 0.2 s.
        await asyncio.sleep(0.5)
        waiting = await submit(database, request_for(new_id(), "the second"))
        painter.open.set()
        assert (await end_of(database, running.id)).status is JobStatus.FINISHED
        async with start_engine(painter):
            await asyncio.sleep(0.5)
            assert [request.spec.prompt for request in painter.requests] == ["the first"]
            async with database.begin() as connection:
                assert await resume_queue(connection)
                assert not await resume_queue(connection)
            assert (await end_of(database, waiting.id)).status is JobStatus.FINISHED
