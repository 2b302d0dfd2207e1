"""Members take turns: a member with many jobs delays only their own."""

from __future__ import annotations

import asyncio

from engine.contract.ids import new_id
from engine.contract.jobs import JobStatus
from engine.store.database import Database
from tests.engine.worker.conftest import QUICK, EngineStarter
from tests.engine.worker.following import end_of, job_running, submit
from tests.fakes import FakePainter, request_for


async def test_forty_queued_jobs_delay_another_member_only_by_those_running(
    database: Database, start_engine: EngineStarter
) -> None:
    """Of forty jobs queued before it, a second member's job waits for no more than were already running."""
    painter = FakePainter()
    painter.open.clear()
    many, single = new_id(), new_id()
    forty = [await submit(database, request_for(many)) for _ in range(40)]
    async with start_engine(painter):
        await asyncio.gather(*(job_running(database, job.id) for job in forty[: QUICK.queue.concurrency]))
        running = len(painter.requests)
        one = await submit(database, request_for(single))
        painter.open.set()
        assert (await end_of(database, one.id)).status is JobStatus.FINISHED
        request = [each.job_id for each in painter.requests]
        # Jobs that take the other free places at the same time may reach the painter a moment before it.
        assert request.index(one.id) < running + QUICK.queue.concurrency
        for job in forty:
            assert (await end_of(database, job.id)).status is JobStatus.FINISHED


async def test_two_busy_members_alternate(database: Database, start_engine: EngineStarter) -> None:
    """Of two members with many jobs each, neither is more than a turn and what runs ahead of the other."""
    painter = FakePainter()
    first, second = new_id(), new_id()
    jobs = [await submit(database, request_for(first)) for _ in range(12)]
    jobs += [await submit(database, request_for(second)) for _ in range(12)]
    async with start_engine(painter):
        for job in jobs:
            await end_of(database, job.id)
    lead = 0
    for request in painter.requests:
        lead += 1 if request.member_id == first else -1
        assert abs(lead) <= QUICK.queue.concurrency + 1
