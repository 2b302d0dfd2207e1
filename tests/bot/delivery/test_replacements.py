"""A result posted in place of a message that takes no more edits: the member sees it once, whatever fails meanwhile."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.store.tables import DeliveryState
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from tests.bot.bot_process import bot_process
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import is_grid, shown_by_bot
from tests.bot.rows import drop_tokens, until_closed
from tests.bot.watching import RequestWatch
from tests.killing import blocked, kill

EDITS = "PATCH /channels/*/messages/*"
POSTS = "POST /channels/*/messages"


async def test_a_replacement_whose_post_failed_is_posted_again(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Though the old message takes edits again meanwhile: it is the one that is deleted."""
    await ben.reply(await ben.command("imagine", prompt="a cat"))
    sandbox.inject_fault(EDITS, kind="status", status=400)
    sandbox.inject_fault(POSTS, kind="refuse")
    job = await hand.only_job()
    await hand.finish(job)
    assert await until_closed(database, job.id) == [DeliveryState.DELIVERED]
    await ben.until(lambda: [is_grid(item) for item in shown_by_bot(ben)] == [True])


async def test_a_replacement_whose_answer_was_lost_is_found(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    await ben.reply(await ben.command("imagine", prompt="a cat"))
    sandbox.inject_fault(EDITS, kind="status", status=400)
    sandbox.inject_fault(POSTS, kind="lose_answer")
    job = await hand.only_job()
    await hand.finish(job)
    assert await until_closed(database, job.id) == [DeliveryState.DELIVERED]
    await ben.until(lambda: [is_grid(item) for item in shown_by_bot(ben)] == [True])


async def test_direct_messages_that_cannot_be_opened_at_the_moment_are_tried_again(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    await ben.reply(await ben.command("imagine", prompt="a cat", channel="gallery"))
    sandbox.world.remove_channel(sandbox.channel("gallery").id)
    sandbox.inject_fault("POST /users/@me/channels", kind="status", status=503)
    job = await hand.only_job()
    await hand.finish(job)
    assert await until_closed(database, job.id) == [DeliveryState.DELIVERED]
    assert (await ben.message(is_grid))["channel_id"] == ben.channels["dm"]


@pytest.mark.kills
@pytest.mark.parametrize("has_token", [True, False])
async def test_a_bot_killed_between_a_replacement_and_its_keeping(
    sandbox: Sandbox,
    watch: RequestWatch,
    database: Database,
    database_url: str,
    storage_url: str,
    ben: MemberClient,
    hand: EngineHand,
    has_token: bool,
) -> None:
    """The post has reopened the thread, so that the old message takes edits: the next bot deletes it nevertheless."""
    async with bot_process(sandbox, database_url, storage_url) as first:
        await ben.reply(await ben.command("imagine", prompt="a cat"))
        job = await hand.only_job()
        sandbox.inject_fault(EDITS, kind="status", status=400, count=None)
        sandbox.inject_fault(POSTS, kind="slow", delay=timedelta(seconds=1))
        await hand.finish(job)
        await watch.until_begun(r"POST /channels/\d+/messages")
        async with blocked(database_url, "LOCK TABLE deliveries IN EXCLUSIVE MODE"):
            await ben.message(is_grid)
            await kill(first)
    sandbox.faults.clear()
    if not has_token:
        await drop_tokens(database)
    async with bot_process(sandbox, database_url, storage_url):
        assert await until_closed(database, job.id) == [DeliveryState.DELIVERED]
        await ben.until(lambda: [is_grid(item) for item in shown_by_bot(ben)] == [True])
