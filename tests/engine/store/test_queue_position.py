"""Queue positions follow turns, and typical durations come from finished jobs."""

from __future__ import annotations

from engine.contract.ids import new_id
from engine.store.database import Database
from engine.store.queue_position import (
    count_ahead,
    count_pending,
    count_waiting,
    read_queue_positions,
    read_typical_duration,
)
from engine.store.transitions import finish_job
from tests.engine.store.stages import picture_of, started, submitted


async def test_place_in_the_queue_is_by_turns(database: Database) -> None:
    """A member's jobs follow each other; another's first job comes before their second."""
    busy, calm = new_id(), new_id()
    own = [await submitted(database, busy) for _ in range(3)]
    other = await submitted(database, calm)
    async with database.begin() as connection:
        assert [await count_ahead(connection, job) for job in [*own, other]] == [0, 2, 3, 1]
        places = await read_queue_positions(connection, [job.id for job in [*own, other]])
        assert [places[job.id] for job in [*own, other]] == [0, 2, 3, 1]
        assert await count_pending(connection, busy) == 3
        assert await count_waiting(connection) == 4


async def test_typical_duration_is_of_finished_jobs(database: Database) -> None:
    """It is unknown until a job has finished."""
    job = await started(database, await submitted(database))
    async with database.begin() as connection:
        assert await read_typical_duration(connection) is None
        await finish_job(connection, job.id, [picture_of(job, 0)], "g.jpg", "image/jpeg")
        assert await read_typical_duration(connection) is not None
