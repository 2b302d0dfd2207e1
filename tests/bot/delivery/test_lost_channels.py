"""Messages and channels that are deleted, locked or closed to the bot: where the result goes, and what is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot import replies
from bot.language import speaking
from bot.store.tables import DeliveryState
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from sandbox.state.flags import Permissions
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import is_grid, shown_by_bot, text_of
from tests.bot.rows import drop_tokens, until_closed
from tests.bot.watching import RequestWatch

EDITS = "PATCH /channels/*/messages/*"
POSTS = "POST /channels/*/messages"


async def test_a_message_deleted_while_its_job_runs_stays_deleted(
    bot: asyncio.Task[None], ada: MemberClient, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Its delivery is closed quietly, and the finished grid is posted nowhere."""
    waiting = await ben.reply(await ben.command("imagine", prompt="a cat"))
    job = await hand.only_job()
    await hand.start(job.id)
    await hand.progress(job.id, 0.5)
    await ben.changed(waiting, lambda item: "(50%)" in item["content"])
    await ada.delete(waiting)
    await hand.finish(await hand.only_job())
    assert await until_closed(database, job.id) == [DeliveryState.GONE]
    await ben.until(lambda: not shown_by_bot(ben))


async def test_the_grid_of_a_deleted_channel_goes_to_the_member(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """By direct message, once, and it says why."""
    waiting = await ben.reply(await ben.command("imagine", prompt="a cat", channel="gallery"))
    sandbox.world.remove_channel(sandbox.channel("gallery").id)
    job = await hand.only_job()
    await hand.finish(job)
    assert await until_closed(database, job.id) == [DeliveryState.DELIVERED]
    (grid,) = [item for item in shown_by_bot(ben) if item["channel_id"] == ben.channels["dm"]]
    assert is_grid(grid)
    assert replies.moved_from(int(waiting["channel_id"])) in text_of(grid)


async def test_what_is_moved_to_direct_messages_is_in_the_language_of_the_member(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """And no longer in that of the server, which nobody else reads there."""
    world = sandbox.world
    world.users[int(ben.id)] = replace(world.users[int(ben.id)], locale="de")
    waiting = await ben.reply(await ben.command("imagine", prompt="a cat", channel="gallery"))
    assert "Waiting to start" in text_of(waiting)
    world.remove_channel(sandbox.channel("gallery").id)
    job = await hand.only_job()
    await hand.finish(job)
    assert await until_closed(database, job.id) == [DeliveryState.DELIVERED]
    (grid,) = [item for item in shown_by_bot(ben) if item["channel_id"] == ben.channels["dm"]]
    with speaking("de"):
        assert replies.moved_from(int(waiting["channel_id"])) in text_of(grid)


async def test_a_result_whose_message_can_no_longer_be_edited_is_posted_anew(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """As in an archived thread, which takes posts: the one that still shows progress and Cancel is deleted."""
    waiting = await ben.reply(await ben.command("imagine", prompt="a cat"))
    job = await hand.only_job()
    await hand.start(job.id)
    sandbox.inject_fault(EDITS, kind="status", status=400, count=None)
    await hand.progress(job.id, 0.5)
    await hand.finish(await hand.only_job())
    grid = await ben.message(is_grid)
    assert await until_closed(database, job.id) == [DeliveryState.DELIVERED]
    assert grid["channel_id"] == waiting["channel_id"]
    await ben.until(lambda: shown_by_bot(ben) == [grid])


async def test_progress_alone_is_not_posted_anew(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand, watch: RequestWatch
) -> None:
    """A post would reopen the thread; the result tries the old message first, which may take edits again."""
    waiting = await ben.reply(await ben.command("imagine", prompt="a cat"))
    job = await hand.only_job()
    await hand.start(job.id)
    sandbox.inject_fault(EDITS, kind="status", status=400)
    await hand.progress(job.id, 0.5)
    await watch.until_begun(r"PATCH /channels/\d+/messages/\d+")
    await hand.finish(await hand.only_job())
    await ben.changed(waiting, is_grid)
    assert watch.count(r"POST /channels/\d+/messages") == 0


async def test_a_result_that_its_channel_takes_in_no_form_goes_to_the_member(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """As in a locked thread: neither edited nor posted."""
    studio = sandbox.channel("studio").id
    waiting = await ben.reply(await ben.command("imagine", prompt="a cat"))
    for route in (f"PATCH /channels/{studio}/messages/*", f"POST /channels/{studio}/messages"):
        sandbox.inject_fault(route, kind="status", status=400, count=None)
    job = await hand.only_job()
    await hand.finish(job)
    grid = await ben.message(is_grid)
    assert await until_closed(database, job.id) == [DeliveryState.DELIVERED]
    assert grid["channel_id"] == ben.channels["dm"]
    assert replies.moved_from(int(waiting["channel_id"])) in text_of(grid)


async def test_a_result_that_nothing_takes_is_given_up(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    await ben.reply(await ben.command("imagine", prompt="a cat"))
    for route in (EDITS, POSTS):
        sandbox.inject_fault(route, kind="status", status=400, count=None)
    job = await hand.only_job()
    await hand.finish(job)
    assert await until_closed(database, job.id) == [DeliveryState.UNDELIVERABLE]


async def test_a_channel_the_bot_may_no_longer_see_is_served_by_the_answer_itself(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand
) -> None:
    """While the interaction's token is good, its message is edited through it."""
    waiting = await ben.reply(await ben.command("imagine", prompt="a cat"))
    sandbox.deny("studio", Permissions.VIEW_CHANNEL | Permissions.SEND_MESSAGES)
    await hand.finish(await hand.only_job())
    grid = await ben.changed(waiting, is_grid)
    assert len(grid["attachments"]) == 1


async def test_a_channel_lost_for_good_sends_the_grid_to_the_member(
    start_bot: BotStarter, sandbox: Sandbox, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Without a token the grid goes to the direct messages, once, and says why."""
    async with start_bot():
        waiting = await ben.reply(await ben.command("imagine", prompt="a cat"))
    await drop_tokens(database)
    sandbox.deny("studio", Permissions.VIEW_CHANNEL | Permissions.SEND_MESSAGES)
    async with start_bot():
        job = await hand.only_job()
        await hand.finish(job)
        grid = await ben.message(is_grid)
        assert await until_closed(database, job.id) == [DeliveryState.DELIVERED]
    assert grid["channel_id"] == ben.channels["dm"]
    assert replies.moved_from(int(waiting["channel_id"])) in text_of(grid)
    assert len(shown_by_bot(ben)) == 2


async def test_a_picture_that_may_not_be_posted_goes_to_its_presser(
    painted_grid: Callable[..., Any], sandbox: Sandbox, cleo: MemberClient
) -> None:
    """In a channel that has become read-only, U reaches who pressed it by direct message."""
    grid, _, _ = await painted_grid()
    sandbox.deny("studio", Permissions.SEND_MESSAGES)
    await cleo.press(grid, "U1")
    picture = await cleo.message(lambda item: "Image #1" in item["content"])
    assert picture["channel_id"] == cleo.channels["dm"]


async def test_the_grid_of_an_archived_thread_is_posted_there(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Its old message takes no edits; a post opens the thread again, and then the old message is deleted."""
    thread = await ben.open_thread("cats")
    await ben.reply(await ben.command("imagine", prompt="a cat", channel="cats"))
    await ben.archive(thread)
    job = await hand.only_job()
    await hand.finish(job)
    grid = await ben.message(is_grid)
    assert await until_closed(database, job.id) == [DeliveryState.DELIVERED]
    await ben.until(lambda: shown_by_bot(ben) == [grid])
    assert grid["channel_id"] == thread["id"]


@pytest.mark.parametrize("end", ["lock", "delete_thread"])
async def test_the_grid_of_a_post_that_is_locked_or_deleted_goes_to_the_member(
    bot: asyncio.Task[None], ada: MemberClient, ben: MemberClient, hand: EngineHand, database: Database, end: str
) -> None:
    post = await ben.open_post("Foxes")
    await ben.reply(await ben.command("imagine", prompt="a fox", channel="Foxes"))
    await getattr(ada, end)(post)
    job = await hand.only_job()
    await hand.finish(job)
    grid = await ben.message(is_grid)
    assert await until_closed(database, job.id) == [DeliveryState.DELIVERED]
    assert grid["channel_id"] == ben.channels["dm"]
    assert replies.moved_from(int(post["id"])) in text_of(grid)
