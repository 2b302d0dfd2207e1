"""What members used is counted within a period."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from engine.contract.ids import new_id
from engine.store.database import Database
from engine.store.tables import jobs
from engine.store.transitions import fail_job, finish_job
from engine.store.usage import Usage, read_usage, read_usage_of
from tests.engine.store.stages import picture_of, started, submitted

DAY = timedelta(days=1)


async def test_usage_is_of_the_period_and_the_most_first(database: Database) -> None:
    """A job that waits is not used yet; an old one counts no more."""
    busy, idle, nobody = new_id(), new_id(), new_id()
    finished, failed, old, _ = [await submitted(database, busy) for _ in range(4)]
    other = await submitted(database, idle)
    for job, seconds in ((finished, 30), (failed, 10), (old, 500), (other, 5)):
        await started(database, job)
        async with database.begin() as connection:
            if job is failed:
                await fail_job(connection, job.id, {"error": "ModelBroken"})
            else:
                await finish_job(connection, job.id, [picture_of(job, slot) for slot in range(4)], "g", "image/webp")
            end = sa.func.now() - (2 * DAY if job is old else timedelta(0))
            times = {"started_at": end - timedelta(seconds=seconds), "ended_at": end}
            await connection.execute(sa.update(jobs).where(jobs.c.id == job.id).values(**times))
    async with database.begin() as connection:
        found = await read_usage(connection, DAY, limit=10)
        assert found == [
            Usage(member_id=busy, jobs=2, pictures=4, painting=timedelta(seconds=40)),
            Usage(member_id=idle, jobs=1, pictures=4, painting=timedelta(seconds=5)),
        ]
        assert await read_usage(connection, DAY, limit=1) == found[:1]
        longer = await read_usage_of(connection, [busy, nobody], 30 * DAY)
    assert longer[nobody] == Usage(member_id=nobody)
    assert (longer[busy].jobs, longer[busy].pictures) == (3, 8)
