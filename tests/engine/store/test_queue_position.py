"""Queue positions follow turns, and typical durations come from finished jobs."""

from __future__ import annotations

from engine.contract.ids import new_id
from engine.store.database import Database
from engine.store.queue_position import (
    count_pending,
    read_present_runs,
    read_queue_positions,
    read_queue_state,
    read_recent_runs,
)
from engine.store.transitions import finish_job, record_progress
from tests.engine.store.stages import picture_of, started, submitted


async def test_place_in_the_queue_is_by_turns(database: Database) -> None:
    """A member's jobs follow each other; another's first job comes before their second."""
    busy, calm = new_id(), new_id()
    own = [await submitted(database, busy) for _ in range(3)]
    other = await submitted(database, calm)
    async with database.begin() as connection:
        places = await read_queue_positions(connection, [job.id for job in [*own, other]])
        assert [places[job.id] for job in [*own, other]] == [0, 2, 3, 1]
        assert await count_pending(connection, busy) == 3
        state = await read_queue_state(connection)
        assert (state.num_waiting, state.num_running, state.waiting_since) == (4, 0, own[0].created_at)


async def test_a_job_has_a_place_until_it_is_painted(database: Database) -> None:
    """Engines take several jobs at once; those that they have not begun are still before the waiting ones."""
    member = new_id()
    first, second, third = [await submitted(database, member) for _ in range(3)]
    running = [await started(database, job) for job in (first, second)]
    async with database.begin() as connection:
        places = await read_queue_positions(connection, [first.id, second.id, third.id])
        assert places == {first.id: 0, second.id: 1, third.id: 2}
        await record_progress(connection, running[0].id, 0.25, None)
        places = await read_queue_positions(connection, [first.id, second.id, third.id])
        assert places == {second.id: 0, third.id: 1}
        assert [run.share for run in await read_present_runs(connection)] == [0.25]


async def test_recent_runs_are_of_finished_jobs(database: Database) -> None:
    """There are none until a job has finished."""
    job = await started(database, await submitted(database))
    async with database.begin() as connection:
        assert await read_recent_runs(connection) == ()
        await finish_job(connection, job.id, [picture_of(job, 0)], "g.jpg", "image/jpeg")
        (run,) = await read_recent_runs(connection)
        assert run.began <= run.ended
