"""A job can be followed to its end, before it runs, after it ended, and through outages."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
import sqlalchemy as sa

from engine.contract.errors import JobUnknown, StoreUnavailable
from engine.contract.ids import new_id
from engine.contract.jobs import JobSpec, JobStatus, Operation, Part
from engine.store.database import Database
from engine.store.operator_jobs import OPERATOR_ID, follow, open_job_changes, submit_for_operator
from engine.store.transitions import cancel_job, record_progress, start_job

_SPEC = JobSpec(prompt="a red circle", parts=(Part(text="a red circle"),))
_LONG = timedelta(minutes=10)


async def test_operator_submits_without_discord(database: Database) -> None:
    """A job from the command line waits like any other, under its own member id."""
    job = await submit_for_operator(database, _SPEC, 7)
    assert (job.member_id, job.operation, job.status) == (OPERATOR_ID, Operation.IMAGINE, JobStatus.WAITING)


async def test_changes_arrive_by_announcement(database: Database) -> None:
    """Each change is seen when it is committed, without polling, and following stops at the end."""
    job = await submit_for_operator(database, _SPEC, 7)
    seen: list[tuple[JobStatus, float]] = []
    changes: list[Callable[[], Awaitable[object]]] = []
    async with database.autocommit() as connection:
        changes = [
            lambda: start_job(connection, job.id),
            lambda: record_progress(connection, job.id, 0.5, None),
            lambda: cancel_job(connection, job.id),
        ]
        async for state in follow(database, job.id, poll=_LONG):
            seen.append((state.status, state.progress))
            if changes:
                await changes.pop(0)()
    assert [status for status, _ in seen] == [
        JobStatus.WAITING,
        JobStatus.RUNNING,
        JobStatus.RUNNING,
        JobStatus.CANCELLED,
    ]


async def test_many_jobs_are_followed_on_one_connection(database: Database) -> None:
    """Their changes arrive by notifications, however many they are."""
    jobs = [await submit_for_operator(database, _SPEC, seed) for seed in range(5)]
    async with open_job_changes(database) as changes:
        followed = [follow(database, job.id, changes=changes, poll=_LONG) for job in jobs]
        for states in followed:
            assert (await anext(states)).status is JobStatus.WAITING
        ends = [asyncio.ensure_future(anext(states)) for states in followed]
        async with database.begin() as connection:
            listening = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query ~ 'LISTEN'"
            assert (await connection.execute(sa.text(listening))).scalar_one() == 2  # one is this query
            for job in jobs:
                await cancel_job(connection, job.id)
        assert {(await end).status for end in ends} == {JobStatus.CANCELLED}


async def test_ended_job_is_told_once(database: Database) -> None:
    """Following a job that has ended yields it as it is and stops."""
    job = await submit_for_operator(database, _SPEC, 7)
    async with database.begin() as connection:
        await cancel_job(connection, job.id)
    assert [state.status async for state in follow(database, job.id)] == [JobStatus.CANCELLED]


async def test_unknown_job_is_said(database: Database) -> None:
    """Following an unknown job raises JobUnknown."""
    with pytest.raises(JobUnknown):
        _ = [state async for state in follow(database, new_id())]


async def test_poll_finds_what_was_not_heard(database: Database, database_url: str) -> None:
    """When the listening connection is lost, the end is still found."""
    job = await submit_for_operator(database, _SPEC, 7)
    states = follow(database, job.id, poll=timedelta(seconds=0.05))
    await anext(states)
    connection = await asyncpg.connect(database_url)
    await connection.execute("""
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()""")
    await connection.close()
    await _cancel_in_the_end(database, job.id)
    assert (await asyncio.wait_for(anext(states), 30)).status is JobStatus.CANCELLED


async def _cancel_in_the_end(database: Database, job_id: UUID) -> None:
    """Cancel the job as every caller does it: again, when Postgres was away."""
    while True:
        with suppress(StoreUnavailable):
            async with database.begin() as connection:
                await cancel_job(connection, job_id)
            return
