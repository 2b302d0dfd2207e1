"""A job that an operator retries is told about in the messages that told of its failure."""

from __future__ import annotations

import asyncio

from bot.store.quarantine import retry_quarantined
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import is_grid, shown_by_bot


async def retry(database: Database, hand: EngineHand) -> None:
    """Retry what is in quarantine, and finish it."""
    async with database.begin() as connection:
        (job_id,) = await retry_quarantined(connection, None)
    await hand.finish(await hand.job(job_id))


async def test_a_retried_job_follows_in_its_message(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """The message that said why it failed becomes the grid."""
    waiting = await ben.reply(await ben.command("imagine", prompt="a cat"))
    await hand.fail((await hand.only_job()).id, error="PainterLost")
    await ben.changed(waiting, lambda item: "(Failed" in item["content"])
    await retry(database, hand)
    await ben.changed(waiting, is_grid)
    assert len(shown_by_bot(ben)) == 1


async def test_a_retried_job_of_a_series_is_posted(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Under the message of the series, which had told of its failure alone."""
    series = await ben.reply(await ben.command("imagine", prompt="a cat --repeat 2"))
    first, second = await hand.jobs()
    await hand.finish(first)
    await ben.message(is_grid)
    await hand.fail(second.id, error="PainterLost")
    await ben.changed(series, lambda item: "ailed" in str(item))
    await retry(database, hand)
    await ben.message(lambda item: is_grid(item) and item["id"] != series["id"] and len(shown_by_bot(ben)) == 3)
