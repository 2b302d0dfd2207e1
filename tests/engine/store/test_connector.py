"""Connections behind a pooler, and to several hosts."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from engine.contract.errors import StoreUnavailable
from engine.contract.jobs import JobStatus
from engine.store.connector import Connector
from engine.store.database import open_database
from engine.store.jobs import read_job
from engine.store.operator_jobs import OPERATOR_ID, follow
from engine.store.postgres_url import parse_url
from engine.store.queue import QueueOptions, run_queue
from engine.store.transitions import cancel_job
from tests.engine.store.stages import submitted
from tests.pooler import open_pooler


@pytest.mark.parametrize("keeps_sessions", [True, False])
async def test_a_pooler_is_found_out(database_url: str, keeps_sessions: bool) -> None:
    """Whether one stands in between, and whether it gives a session to several clients."""
    async with open_pooler(database_url, keeps_sessions=keeps_sessions) as pooler:
        connector = Connector(parse_url(pooler.url))
        assert await connector.is_shared() is not keeps_sessions
        assert connector.is_pooled
    direct = Connector(parse_url(database_url))
    assert not await direct.is_shared()
    assert not direct.is_pooled


async def test_transactions_work_on_a_pooler(database_url: str) -> None:
    """Statements with parameters, several rows and streams, in as many transactions as are needed to meet again."""
    async with open_pooler(database_url, size=2) as pooler, open_database(pooler.url, pool_size=3) as database:
        jobs = [await submitted(database) for _ in range(4)]
        for job in jobs:
            async with database.begin() as connection:
                assert await read_job(connection, job.id) == job
                rows = await connection.stream(sa.text("SELECT id FROM jobs, generate_series(1, :n)"), {"n": 500})
                assert len([row async for row in rows]) == 2000
            async with database.autocommit() as connection:
                assert await read_job(connection, job.id) == job


async def test_a_queue_on_a_pooler_polls(database_url: str) -> None:
    """Jobs are handed out and followed to their end without notifications."""
    stop = asyncio.Event()
    async with open_pooler(database_url) as pooler, open_database(pooler.url) as database:
        assert not await database.can_listen()
        job = await submitted(database, OPERATOR_ID)

        async def handle(job_id: object) -> timedelta | None:
            assert job_id == job.id
            async with database.begin() as connection:
                await cancel_job(connection, job.id)
            stop.set()
            return None

        options = QueueOptions(poll=timedelta(seconds=0.1))
        running = asyncio.create_task(run_queue(database, handle, options, stop=stop))
        seen = [seen.status async for seen in follow(database, job.id, poll=timedelta(seconds=0.1))]
        await running
    assert seen[-1] is JobStatus.CANCELLED


async def test_a_session_address_brings_notifications(database_url: str) -> None:
    """With it, LISTEN does not go through the pooler."""
    async with (
        open_pooler(database_url) as pooler,
        open_database(pooler.url, listen_url=database_url) as database,
    ):
        assert await database.can_listen()
        heard = asyncio.Event()
        connection = await database.listen()
        await connection.add_listener("news", lambda *_: heard.set())
        async with database.begin() as talking:
            await talking.execute(sa.text("NOTIFY news"))
        await heard.wait()
        await connection.close()


async def test_what_a_pooler_refuses_is_told(database_url: str) -> None:
    """A parameter that it does not pass on is named."""
    async with open_pooler(database_url) as pooler, open_database(f"{pooler.url}?search_path=x") as database:
        with pytest.raises(StoreUnavailable, match="unsupported startup parameter: search_path"):
            await database.ping()
