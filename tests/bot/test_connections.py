"""A Postgres that gives few connections: a bot and two engines share them, and none of them starves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from engine.serve import EngineOptions, LoadedPainter, serve
from engine.store.database import open_database
from engine.store.objects import Objects
from sandbox.chat.test_client import MemberClient
from tests.bot.conftest import BotStarter
from tests.bot.reading import is_grid, shown_by_bot
from tests.engine.worker.conftest import QUICK
from tests.fakes import FakePainter
from tests.outage import Outage

BUDGET = 5
COUNT_OTHERS = """
    SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename = 'easel'"""


@pytest.fixture
async def small_url(outage: Outage) -> str:
    """The address of a server with twenty connections, three of which are for superusers alone, for one who is not."""
    owner = await asyncpg.connect(outage.url)
    await owner.execute("ALTER SYSTEM SET max_connections = 20")
    await owner.execute("CREATE ROLE easel LOGIN IN ROLE pg_read_all_data, pg_write_all_data")
    await owner.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO easel")
    await owner.close()
    await outage.begin()
    await outage.end()
    return outage.url.replace("postgres@", "easel@")


@asynccontextmanager
async def _engine(url: str, storage_url: str) -> AsyncIterator[FakePainter]:
    """A ready engine with a budget, whose painter lets jobs wait until it is opened."""
    painter, stop, ready = FakePainter(), asyncio.Event(), asyncio.Event()
    painter.open.clear()

    @asynccontextmanager
    async def open_painter() -> AsyncIterator[LoadedPainter]:
        yield painter

    options = EngineOptions(database_url=url, storage_url=storage_url, connections=BUDGET, worker=QUICK)
    task = asyncio.create_task(
        serve(options, open_painter, stop=stop, force_stop=asyncio.Event(), announce_ready=ready.set)
    )
    try:
        await ready.wait()
        yield painter
    finally:
        painter.open.set()
        stop.set()
        await task


async def test_a_bot_and_two_engines_share_twenty_connections(
    outage: Outage, small_url: str, start_bot: BotStarter, objects: Objects, storage_url: str, ben: MemberClient
) -> None:
    """Under load, none opens more than its budget, both engines paint, and every grid arrives."""
    observer = await asyncpg.connect(outage.url)
    seen: list[int] = []

    async def observe() -> None:
        while True:
            seen.append(await observer.fetchval(COUNT_OTHERS))
            await asyncio.sleep(0)

    async with (
        # One of the bot's is for notifications.
        open_database(small_url, pool_size=BUDGET - 1) as database,
        start_bot(on=database),
        _engine(small_url, storage_url) as first,
        _engine(small_url, storage_url) as second,
    ):
        observing = asyncio.create_task(observe())
        await asyncio.gather(*(ben.command("imagine", prompt=f"fish {number}") for number in range(8)))
        # Each has begun as many as it takes at a time.
        while len(first.requests) < 4 or len(second.requests) < 4:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        assert await database.find_problem() is None
        first.open.set()
        second.open.set()
        await ben.until(lambda: [is_grid(item) for item in shown_by_bot(ben)] == [True] * 8)
        observing.cancel()
        await asyncio.gather(observing, return_exceptions=True)
    await observer.close()
    assert max(seen) <= 3 * BUDGET
