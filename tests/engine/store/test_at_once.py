"""A member's jobs that are painted at once: no more than each of them says, and the next when one ends."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

import sqlalchemy as sa

from engine.contract.ids import new_id
from engine.contract.jobs import Job
from engine.store.at_once import let_all_in
from engine.store.database import Database
from engine.store.held_jobs import hold_jobs, release_jobs
from engine.store.jobs import submit_jobs
from engine.store.queue import QueueOptions, run_queue
from engine.store.transitions import cancel_jobs, fail_job
from tests.fakes import request_for

_OFFERED = "SELECT payload FROM pgqueuer WHERE execute_after <= now() ORDER BY priority DESC, id"


async def submit(database: Database, member: UUID, count: int, max_running: int | None) -> tuple[Job, ...]:
    requests = [replace(request_for(member), max_running=max_running) for _ in range(count)]
    async with database.begin() as connection:
        return await submit_jobs(connection, requests)


async def offered(database: Database) -> list[UUID]:
    async with database.begin() as connection:
        return [UUID(bytes=payload) for payload in (await connection.execute(sa.text(_OFFERED))).scalars()]


def ids(*jobs: Job) -> list[UUID]:
    return [job.id for job in jobs]


async def test_the_next_job_is_let_in_when_one_ends(database: Database) -> None:
    """However it ends; whoever has no limit, and others, are offered all of theirs."""
    one, two, three, four = await submit(database, new_id(), 4, 2)
    (free,) = await submit(database, new_id(), 1, None)
    assert sorted(await offered(database)) == sorted(ids(one, free, two))
    async with database.begin() as connection:
        await fail_job(connection, one.id, {"error": "PainterLost"})
    assert sorted(await offered(database)) == sorted([one.id, *ids(free, two, three)])
    async with database.begin() as connection:
        await cancel_jobs(connection, ids(two, three))
    assert four.id in await offered(database)


async def test_a_held_job_makes_room_and_comes_back_in_its_turn(database: Database) -> None:
    """A pause and its end let no more in than there may be."""
    first, second, third = await submit(database, new_id(), 3, 1)
    async with database.begin() as connection:
        await hold_jobs(connection, ids(first, second, third))
        await release_jobs(connection, ids(first, second, third))
    assert await offered(database) == [first.id]
    async with database.begin() as connection:
        await hold_jobs(connection, [first.id])
        await let_all_in(connection)
    assert await offered(database) == [second.id]


async def test_engines_paint_no_more_at_once(database: Database) -> None:
    """Two of eight places for one member, the others for others; and in the end everything is painted."""
    busy = set(ids(*await submit(database, new_id(), 7, 2)))
    left = busy | set(ids(*await submit(database, new_id(), 3, None)))
    painted: set[UUID] = set()
    changed, stop = asyncio.Condition(), asyncio.Event()

    async def handle(job_id: UUID) -> None:
        async with changed:
            painted.add(job_id)
            assert len(painted & busy) <= 2
            changed.notify_all()
            # Both places are taken before one is free again, until the last is painted alone.
            await changed.wait_for(lambda: job_id not in busy or len(painted & busy) == 2 or len(left & busy) == 1)
            assert len(busy.intersection(await offered(database)) & left) <= 2
            async with database.begin() as connection:
                assert await fail_job(connection, job_id, {"error": "PainterLost"})
            painted.discard(job_id)
            left.discard(job_id)
            changed.notify_all()
        if not left:
            stop.set()

    async with asyncio.timeout(60):
        await run_queue(database, handle, QueueOptions(concurrency=8), stop=stop)
    assert not left
