"""Postgres goes away under a running bot and comes back; the bot does too, and thanks nobody for what is not stored."""

from __future__ import annotations

from datetime import timedelta

import aiohttp
from structlog.testing import capture_logs

from bot.replies import reply_for
from engine.contract.errors import StoreUnavailable
from engine.contract.jobs import JobStatus
from engine.store.objects import Objects
from sandbox.chat.test_client import MemberClient
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import is_grid, shown_by_bot, text_of
from tests.killing import blocked
from tests.outage import Outage

AWAY = reply_for(StoreUnavailable())


async def test_a_bot_outlives_an_outage(
    outage: Outage, start_bot: BotStarter, ben: MemberClient, objects: Objects
) -> None:
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

        assert [event.value for event in await hand.actions(job.id)] == [3]
        assert len(await hand.jobs()) == 2
        await hand.finish((await hand.jobs())[1])
        await ben.changed(second, is_grid)
        assert text_of(await ben.reply(await ben.press(grid, "😍"))).startswith("Rating changed from 🙂 to 😍")
    assert len(shown_by_bot(ben)) == 2


async def test_a_bot_is_told_to_stop_during_an_outage(outage: Outage, start_bot: BotStarter, ben: MemberClient) -> None:
    """It ends without waiting for Postgres."""
    async with start_bot(on=outage.database):
        await ben.reply(await ben.command("imagine", prompt="a cat"))
        await outage.begin()
    await outage.end()


async def test_a_store_that_keeps_a_press_waiting_is_given_up(
    start_bot: BotStarter, ben: MemberClient, hand: EngineHand, database_url: str
) -> None:
    """The press is answered with an error while Discord still takes an answer, and nothing of it is stored."""
    async with start_bot(answer_timeout=timedelta(seconds=1)), blocked(database_url, "LOCK TABLE members"):
        assert text_of(await ben.reply(await ben.command("imagine", prompt="a cat"))) == AWAY
    assert await hand.jobs() == []


async def test_a_postgres_that_hangs_keeps_nobody_waiting(
    outage: Outage, start_bot: BotStarter, ben: MemberClient, objects: Objects
) -> None:
    """While it answers nothing, commands and presses are answered with an error, and the bot says that it is not ready.

    The connections of the pool hang as well; they are given up, and the bot goes on as soon as Postgres does.
    """
    hand = EngineHand(database=outage.database, objects=objects)
    health = ("127.0.0.1", 0)
    with capture_logs() as lines:
        async with start_bot(on=outage.database, answer_timeout=timedelta(seconds=3), health=health):
            (served,) = [line["address"] for line in lines if line["event"] == "health_served"]
            waiting = await ben.reply(await ben.command("imagine", prompt="a cat"))
            with outage.frozen():
                asked = [await ben.command("imagine", prompt=f"{number} fish") for number in range(12)]
                asked.append(await ben.press(waiting, "Cancel"))
                assert [text_of(await ben.reply(each)) for each in asked] == [AWAY] * len(asked)
                async with aiohttp.ClientSession() as session, session.get(f"{served}/readyz") as answer:
                    assert answer.status == 503
            assert len(await hand.jobs()) == 1
            await ben.reply(await ben.press(waiting, "Cancel"))
            assert [job.status for job in await hand.jobs()] == [JobStatus.CANCELLED]
