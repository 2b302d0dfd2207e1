"""An engine is killed with SIGKILL at each boundary of a job; the next one finishes it, once."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from functools import partial
from pathlib import Path

import pytest

from engine.contract.ids import new_id
from engine.contract.jobs import CRASHES_UNTIL_ALONE, Job, JobStatus
from engine.store.database import Database
from engine.store.jobs import read_pictures
from engine.store.objects import Objects
from tests.engine.worker.conftest import EngineStarter
from tests.engine.worker.following import count, end_of, job_running, job_when, queue_is_empty, submit, until
from tests.fakes import FakePainter, request_for
from tests.killing import blocked, held, kill, ready_process

pytestmark = pytest.mark.kills

_FOR_EVER = 1000.0


def _engine(
    database_url: str, storage_url: str, pace: float = 0.0
) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
    module, quiet = "tests.engine.worker.engine_process", asyncio.subprocess.DEVNULL
    return ready_process(module, database_url, storage_url, str(pace), stderr=quiet)


async def _is_waiting_for_a_lock(database: Database) -> bool:
    query = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'"""
    return await count(database, query) > 0


async def _are_in_hand(database: Database, starts: int, in_hand: int) -> bool:
    """Return whether jobs were started so often in total and so many are being painted."""
    painted = "count(*) FILTER (WHERE status = 'running' AND progress > 0)"
    return bool(await count(database, f"SELECT (sum(starts) = {starts} AND {painted} = {in_hand})::int FROM jobs"))


async def _end_leases(database: Database) -> None:
    """Age the queue's heartbeats, so that the leases of all taken entries have expired."""
    end = "UPDATE pgqueuer SET heartbeat = now() - interval '1 hour' WHERE status = 'picked' RETURNING 1"
    await count(database, f"WITH ended AS ({end}) SELECT count(*) FROM ended")


async def _finish_elsewhere(database: Database, objects: Objects, start_engine: EngineStarter, job: Job) -> Job:
    """Let another engine finish the job, and return it with one readable set of pictures."""
    await _end_leases(database)
    async with start_engine(FakePainter()):
        done = await end_of(database, job.id)
        await until(lambda: queue_is_empty(database))
    assert done.status is JobStatus.FINISHED
    async with database.begin() as connection:
        pictures = await read_pictures(connection, job.id)
    assert [picture.slot for picture in pictures] == [0, 1, 2, 3]
    for picture in pictures:
        await objects.get(picture.object_key)
    return done


async def test_killed_before_the_start(
    database: Database, database_url: str, storage_url: str, objects: Objects, start_engine: EngineStarter
) -> None:
    """Killed with the entry taken and the job not yet started: the start is not counted and the job is finished."""
    job = await submit(database, request_for(new_id()))
    lock = f"SELECT FROM jobs WHERE id = '{job.id}' FOR UPDATE"
    async with blocked(database_url, lock), _engine(database_url, storage_url) as process:
        await until(lambda: _is_waiting_for_a_lock(database))
        assert await count(database, "SELECT count(*) FROM pgqueuer WHERE status = 'picked'") == 1
        await kill(process)
    assert (await _finish_elsewhere(database, objects, start_engine, job)).attempts == 1


async def test_killed_while_painting(
    database: Database, database_url: str, storage_url: str, objects: Objects, start_engine: EngineStarter
) -> None:
    """Killed in the middle of a picture: the job is taken up again when the lease has run out."""
    job = await submit(database, request_for(new_id()))
    async with _engine(database_url, storage_url, pace=_FOR_EVER) as process:
        await job_running(database, job.id)
        await kill(process)
    assert (await _finish_elsewhere(database, objects, start_engine, job)).attempts == 1


async def test_killed_between_files_and_rows(
    database: Database,
    database_url: str,
    storage_url: str,
    objects: Objects,
    start_engine: EngineStarter,
    tmp_path: Path,
) -> None:
    """Killed with the files stored and the rows not: painted again into the same files."""
    job = await submit(database, request_for(new_id()))
    lock = "LOCK TABLE pictures IN EXCLUSIVE MODE"
    async with blocked(database_url, lock), _engine(database_url, storage_url) as process:
        await until(lambda: _is_waiting_for_a_lock(database))
        files = set((tmp_path / "pictures").rglob("*.*"))
        assert len(files) == 5
        await kill(process)
    assert (await _finish_elsewhere(database, objects, start_engine, job)).attempts == 1
    assert set((tmp_path / "pictures").rglob("*.*")) == files


async def test_killed_between_rows_and_acknowledgement(
    database: Database, database_url: str, storage_url: str, objects: Objects, start_engine: EngineStarter
) -> None:
    """Killed with the job finished and its entry not answered: offered again, and nothing is painted."""
    job = await submit(database, request_for(new_id()))
    async with AsyncExitStack() as finishing, _engine(database_url, storage_url) as process:
        await finishing.enter_async_context(held(database_url, "LOCK TABLE pictures IN EXCLUSIVE MODE"))
        await until(lambda: _is_waiting_for_a_lock(database))
        async with blocked(database_url, "SELECT FROM pgqueuer FOR UPDATE"):
            await finishing.aclose()
            await end_of(database, job.id)
            await until(lambda: _is_waiting_for_a_lock(database))
            await kill(process)
    assert await count(database, "SELECT count(*) FROM pgqueuer WHERE status = 'picked'") == 1
    await _end_leases(database)
    painter = FakePainter()
    async with start_engine(painter):
        await until(lambda: queue_is_empty(database))
    assert painter.requests == []
    assert (await _finish_elsewhere(database, objects, start_engine, job)).attempts == 1


async def test_a_storm_of_kills_costs_no_job_anything(
    database: Database, database_url: str, storage_url: str, start_engine: EngineStarter
) -> None:
    """Three engines in a row are killed with jobs in hand, four together and then one alone; all jobs are painted."""
    jobs = [await submit(database, request_for(new_id(), seed=seed)) for seed in range(4)]
    for kills in range(1, 4):
        async with _engine(database_url, storage_url, pace=_FOR_EVER) as process:
            beyond = max(0, kills - CRASHES_UNTIL_ALONE)
            starts, in_hand = 4 * min(kills, CRASHES_UNTIL_ALONE) + beyond, 1 if beyond else 4
            await until(partial(_are_in_hand, database, starts, in_hand))
            await kill(process)
        await _end_leases(database)
    async with start_engine(FakePainter()):
        ended = [await end_of(database, job.id) for job in jobs]
    assert [(job.status, job.attempts) for job in ended] == [(JobStatus.FINISHED, 1)] * 4
    assert sum(job.crashes for job in ended) == 9
    assert await count(database, "SELECT count(*) FROM pictures") == 16


async def test_terminated_engine_returns_its_job(
    database: Database, database_url: str, storage_url: str, objects: Objects, start_engine: EngineStarter
) -> None:
    """SIGTERM ends an engine by itself, with its job back in the queue and no attempt used."""
    job = await submit(database, request_for(new_id()))
    async with _engine(database_url, storage_url, pace=_FOR_EVER) as process:
        await job_running(database, job.id)
        process.terminate()
        assert await process.wait() == 0
    assert (await job_when(database, job.id, lambda job: True)).status is JobStatus.WAITING
    assert (await _finish_elsewhere(database, objects, start_engine, job)).attempts == 1


async def test_engine_whose_lease_expired_finishes_nothing(
    database: Database, objects: Objects, start_engine: EngineStarter
) -> None:
    """Of two engines that both believe to have the job, the one that started it last finishes it, once."""
    first, second = FakePainter(), FakePainter()
    first.open.clear()
    second.open.clear()
    job = await submit(database, request_for(new_id()))
    async with start_engine(first):
        await job_running(database, job.id)
        async with start_engine(second):
            while not second.requests:
                # The first beats on; the second must look before it does.
                await _end_leases(database)
                await asyncio.sleep(0.05)
            first.open.set()
            second.open.set()
            done = await end_of(database, job.id)
            await until(lambda: queue_is_empty(database))
    assert (done.status, done.attempts, done.starts, done.crashes) == (JobStatus.FINISHED, 1, 2, 0)
    assert await count(database, "SELECT count(*) FROM pictures") == 4
