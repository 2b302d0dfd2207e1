"""The message in a channel whose result goes elsewhere: it does not stay with its progress and its Cancel."""

from __future__ import annotations

import asyncio

from bot import replies
from bot.store.tables import DeliveryState
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from sandbox.state.flags import Permissions
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import is_grid, labels, shown_by_bot, text_of
from tests.bot.rows import until_closed

EDITS = ("PATCH /channels/*/messages/*", "PATCH /webhooks/*/*/messages/*")
DIRECT_CHANNELS = "POST /users/@me/channels"


async def test_the_message_of_a_grid_that_was_moved_is_deleted(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """As in a channel where the bot may no longer attach files."""
    await ben.reply(await ben.command("imagine", prompt="a cat"))
    job = await hand.only_job()
    for route in EDITS:
        sandbox.inject_fault(route, kind="status", status=403, count=None)
    await hand.finish(job)
    grid = await ben.message(is_grid)
    assert grid["channel_id"] == ben.channels["dm"]
    assert await until_closed(database, job.id) == [DeliveryState.DELIVERED]
    await ben.until(lambda: shown_by_bot(ben) == [grid])


async def test_a_member_who_takes_no_direct_messages_is_told_where_they_asked(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Without the picture, which the channel does not take."""
    waiting = await ben.reply(await ben.command("imagine", prompt="a cat"))
    job = await hand.only_job()
    sandbox.inject_fault(DIRECT_CHANNELS, kind="status", status=403, count=None)
    for route in EDITS:
        sandbox.inject_fault(route, kind="status", status=403, count=1)
    await hand.finish(job)
    told = await ben.changed(waiting, lambda item: str(replies.UNDELIVERABLE) in item["content"])
    assert "a cat" in text_of(told) and labels(told) == []
    assert await until_closed(database, job.id) == [DeliveryState.UNDELIVERABLE]


async def test_the_message_of_a_series_that_was_moved_is_deleted(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """It could be edited, but would count beside the one in the direct messages."""
    series = await ben.reply(await ben.command("imagine", prompt="a cat --repeat 2"))
    first, second = await hand.jobs()
    sandbox.deny("studio", Permissions.SEND_MESSAGES)
    await hand.finish(first)
    moved = await ben.message(lambda item: "2 grids: 1 done" in item["content"] and item["id"] != series["id"])
    await ben.until(lambda: series["id"] not in ben.messages)
    await hand.finish(second)
    assert await until_closed(database, second.id) == [DeliveryState.DELIVERED]
    assert moved["channel_id"] == ben.channels["dm"]


async def test_a_series_that_can_go_nowhere_says_so_where_it_was_asked_for(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    series = await ben.reply(await ben.command("imagine", prompt="a cat --repeat 2"))
    sandbox.deny("studio", Permissions.SEND_MESSAGES)
    sandbox.inject_fault(f"POST /channels/{ben.channels['dm']}/messages", kind="status", status=403, count=None)
    for job in await hand.jobs():
        await hand.finish(job)
        assert await until_closed(database, job.id) == [DeliveryState.UNDELIVERABLE]
    told = await ben.changed(series, lambda item: str(replies.UNDELIVERABLE) in item["content"])
    assert labels(told) == []
    assert shown_by_bot(ben) == [told]
