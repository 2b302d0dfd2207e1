"""A waiting job is moved to an end of the queue, where the engines and the members see it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from engine.contract.errors import JobUnknown
from engine.contract.ids import new_id
from engine.contract.jobs import JobStatus
from engine.store.database import Database
from engine.store.held_jobs import hold_jobs, release_jobs
from engine.store.moving import End, move_job
from engine.store.queue_position import read_queue_positions
from engine.store.transitions import cancel_job
from tests.engine.store.stages import started, submitted
from tests.engine.worker.following import count

# As PgQueuer hands them out.
_HANDED_OUT = "SELECT dedupe_key FROM pgqueuer ORDER BY priority DESC, id"


async def test_moved_jobs_are_handed_out_in_their_new_order(database: Database) -> None:
    """The last that was moved to the front is the first; members read the same positions."""
    member = new_id()
    first, second, third, fourth = [await submitted(database, member) for _ in range(4)]
    async with database.begin() as connection:
        for job, end in ((third, End.FIRST), (fourth, End.FIRST), (first, End.LAST)):
            assert await move_job(connection, job.id, end) is JobStatus.WAITING
        order = [fourth.id, third.id, second.id, first.id]
        positions = await read_queue_positions(connection, order)
        handed_out = (await connection.execute(sa.text(_HANDED_OUT))).scalars().all()
    assert [positions[job_id] for job_id in order] == [0, 1, 2, 3]
    assert handed_out == [str(job_id) for job_id in order]


async def test_a_held_job_is_moved_for_later(database: Database) -> None:
    """It stays out of the queue, and is where it was moved to when it is released."""
    first, held = [await submitted(database) for _ in range(2)]
    async with database.begin() as connection:
        await hold_jobs(connection, [held.id])
        assert await move_job(connection, held.id, End.FIRST) is JobStatus.WAITING
        assert (await connection.execute(sa.text(_HANDED_OUT))).scalars().all() == [str(first.id)]
        await release_jobs(connection, [held.id])
        assert (await connection.execute(sa.text(_HANDED_OUT))).scalars().all() == [str(held.id), str(first.id)]


async def test_what_does_not_wait_is_not_moved(database: Database) -> None:
    """Nor what an engine has picked and not begun yet."""
    running, picked, over = (
        await started(database, await submitted(database)),
        *[await submitted(database) for _ in range(2)],
    )
    pick = f"UPDATE pgqueuer SET status = 'picked' WHERE dedupe_key = '{picked.id}' RETURNING 1"
    await count(database, f"WITH picked AS ({pick}) SELECT count(*) FROM picked")
    async with database.begin() as connection:
        await cancel_job(connection, over.id)
        assert await move_job(connection, running.id, End.FIRST) is JobStatus.RUNNING
        assert await move_job(connection, picked.id, End.LAST) is JobStatus.RUNNING
        assert await move_job(connection, over.id, End.FIRST) is JobStatus.CANCELLED
        with pytest.raises(JobUnknown):
            await move_job(connection, new_id(), End.FIRST)
