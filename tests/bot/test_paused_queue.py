"""A paused queue under a running bot: members read why nothing begins."""

from __future__ import annotations

import asyncio

from engine.store.database import Database
from engine.store.queue_pause import pause_queue, resume_queue
from sandbox.chat.test_client import MemberClient
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import text_of


async def test_waiting_jobs_say_that_the_queue_is_paused(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """One that is painted goes on; when the pause ends, the message says again how many are ahead."""
    painted = await ben.reply(await ben.command("imagine", prompt="a dog"))
    running = await hand.only_job()
    await hand.start(running.id)
    waiting = await ben.reply(await ben.command("imagine", prompt="a cat"))
    async with database.begin() as connection:
        await pause_queue(connection)
    paused = "The queue is paused; it goes on when an administrator resumes it"
    told = await ben.changed(waiting, lambda item: paused in item["content"])
    await hand.finish(running)
    done = await ben.changed(painted, lambda item: bool(item["attachments"]))
    assert paused not in text_of(done)
    async with database.begin() as connection:
        await resume_queue(connection)
    await ben.changed(told, lambda item: paused not in item["content"])
