"""Jobs in quarantine are told from those that were asked wrongly, and run again as new ones do."""

from __future__ import annotations

import pytest

from engine.contract.errors import ModelBroken, PainterLost, SizeUnsupported
from engine.contract.ids import new_id
from engine.contract.jobs import Job, JobStatus
from engine.store.database import Database
from engine.store.quarantine import count_quarantined, read_quarantined, retry_jobs
from engine.store.transitions import fail_job
from engine.worker.endings import cause_from_error
from tests.engine.store.stages import read, started, submitted
from tests.engine.worker.following import count


async def failed(database: Database, error: Exception) -> Job:
    """Return a job that failed of the error, with its queue entry gone as its engine leaves it."""
    job = await started(database, await submitted(database))
    async with database.begin() as connection:
        await fail_job(connection, job.id, cause_from_error(error))
    await count(database, "WITH gone AS (DELETE FROM pgqueuer RETURNING 1) SELECT count(*) FROM gone")
    return await read(database, job)


@pytest.fixture
async def quarantined(database: Database) -> list[Job]:
    """Two jobs in quarantine; a third one failed because of what it asked."""
    errors = (PainterLost(), ModelBroken(name="fake", cause="black"), SizeUnsupported(width=9, height=9, model="fake"))
    return [await failed(database, error) for error in errors][:2]


async def test_only_what_was_asked_rightly_is_in_quarantine(database: Database, quarantined: list[Job]) -> None:
    async with database.begin() as connection:
        found = await read_quarantined(connection, 10)
        assert [job.error for job in await read_quarantined(connection, 1)] == ["ModelBroken"]
        assert await count_quarantined(connection) == 2
    assert [(job.id, job.error) for job in found] == [
        (quarantined[1].id, "ModelBroken"),
        (quarantined[0].id, "PainterLost"),
    ]
    assert found[0].prompt == "a red circle"


async def test_a_job_is_retried_as_if_it_were_new(database: Database, quarantined: list[Job]) -> None:
    """One that has crashed a painter stays a suspect; one that is not in quarantine is left alone."""
    waiting = await submitted(database)
    async with database.begin() as connection:
        ids = [quarantined[0].id, waiting.id, new_id()]
        assert await retry_jobs(connection, ids) == {quarantined[0].id}
        assert await retry_jobs(connection, ids) == frozenset()
        assert await retry_jobs(connection, None) == {quarantined[1].id}
    crashed, broken = [await read(database, job) for job in quarantined]
    assert [(job.status, job.attempts, job.cause, job.ended_at) for job in (crashed, broken)] == [
        (JobStatus.WAITING, 0, None, None)
    ] * 2
    assert crashed.is_suspect and not broken.is_suspect
    assert await count(database, "SELECT count(*) FROM pgqueuer WHERE status = 'queued'") == 3
