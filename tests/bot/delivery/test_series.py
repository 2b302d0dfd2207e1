"""A command for several grids has one message until they come: it counts them, and each is posted when it is done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa

from bot import replies
from bot.language import speaking
from bot.store.tables import DeliveryState, deliveries
from engine.contract.feedback import Verb
from engine.contract.jobs import Job, JobStatus
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from sandbox.state.flags import Permissions
from tests.bot.conftest import BotStarter
from tests.bot.discord_hand import post_buttons
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, is_grid, labels, shown_by_bot, text_of
from tests.bot.rows import drop_tokens, until_closed
from tests.bot.watching import RequestWatch

POSTS = r"POST /channels/\d+/messages"


def counts(text: str) -> Callable[[Message], bool]:
    """Return what recognises a message that says so of its series."""
    return lambda item: text in item["content"]


async def close_all(database: Database, hand: EngineHand) -> list[DeliveryState]:
    """Return the states of all deliveries once none is open."""
    return [state for job in await hand.jobs() for state in await until_closed(database, job.id)]


async def finish_all(hand: EngineHand) -> list[Job]:
    """Finish every job that has not ended, in order."""
    for job in await hand.jobs():
        if job.status in (JobStatus.WAITING, JobStatus.RUNNING):
            await hand.finish(job)
    return await hand.jobs()


async def test_several_grids_have_one_message_until_they_come(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand, database: Database, watch: RequestWatch
) -> None:
    """It follows the queue and the steps, and each grid answers it; at its end it says how many there are."""
    series = await ben.reply(await ben.command("imagine", prompt="a cat --repeat 6"))
    assert text_of(series) == f"**a cat** - <@{ben.id}>\n6 grids: 6 waiting"
    assert labels(series) == [["Cancel"]]
    first, *_ = await hand.jobs()
    await hand.start(first.id)
    await hand.progress(first.id, 0.25)
    await ben.changed(series, counts("6 grids: 1 painting (25%), 5 waiting"))
    await hand.progress(first.id, 0.5)
    await ben.changed(series, counts("6 grids: 1 painting (50%), 5 waiting"))
    assert shown_by_bot(ben) == [ben.messages[series["id"]]]
    await hand.finish(await hand.job(first.id))
    grid = await ben.message(is_grid)
    assert grid["message_reference"]["message_id"] == series["id"]
    counted = await ben.changed(series, counts("6 grids: 1 done, 5 waiting, about "))
    assert labels(counted) == [["Cancel"]]

    await finish_all(hand)
    ended = await ben.changed(series, counts("6 grids: 6 done"))
    assert labels(ended) == []
    assert set(await close_all(database, hand)) == {DeliveryState.DELIVERED}
    assert [is_grid(item) for item in shown_by_bot(ben)] == [False] + 6 * [True]
    assert watch.count(POSTS) == 6


async def test_prompts_and_failures_of_a_series_are_told(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Which of the prompts failed and why stands in the message of the series, with no message for each."""
    series = await ben.reply(await ben.command("imagine", prompt="a {red, blue, green, white} cat"))
    assert text_of(series).startswith("**a red cat**, **a blue cat**, **a green cat** and 1 more - ")
    red, blue, green, white = await hand.jobs()
    await hand.finish(red)
    await hand.fail(blue.id, error="NoRoom", model="m", size="8x8")
    await hand.fail(white.id, error="NoRoom", model="m", size="8x8")
    await ben.changed(series, counts("4 grids: 1 done, 1 waiting, 2 failed, about"))
    await hand.finish(green)
    ended = await ben.changed(series, counts("4 grids: 2 done, 2 failed"))
    assert text_of(ended).splitlines()[2].startswith("2 failed (**a blue cat**, **a white cat**): not enough memory")
    states = await close_all(database, hand)
    assert states == [DeliveryState.DELIVERED, DeliveryState.GONE, DeliveryState.DELIVERED, DeliveryState.GONE]
    assert len(shown_by_bot(ben)) == 3


async def test_cancel_stops_all_that_is_left(
    bot: asyncio.Task[None], ben: MemberClient, cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """For its owner alone, by the store: what is done stays done, and one event is stored."""
    series = await ben.reply(await ben.command("imagine", prompt="a cat --repeat 5"))
    first, second, *_, last = await hand.jobs()
    await hand.finish(first)
    await hand.start(second.id)
    await hand.progress(second.id, 0.5)
    refused = await cleo.reply(await cleo.press(series, "Cancel"))
    assert text_of(refused) == "Only the member who started this job or an administrator can do that."
    assert text_of(await ben.reply(await ben.press(series, "Cancel"))) == "Cancelled 4 grids."
    ended = await ben.changed(series, counts("5 grids: 1 done, 4 cancelled"))
    assert labels(ended) == []
    assert [job.status for job in await hand.jobs()] == [JobStatus.FINISHED] + 4 * [JobStatus.CANCELLED]
    assert [action.verb for action in await hand.actions(last.id)] == [Verb.CANCEL]
    assert await close_all(database, hand) == [DeliveryState.DELIVERED] + 4 * [DeliveryState.GONE]


async def test_a_cancel_of_what_is_over_changes_nothing(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand
) -> None:
    """Nor does one that names a job without a series stop another."""
    await ben.reply(await ben.command("imagine", prompt="a cat --repeat 2"))
    await ben.reply(await ben.command("imagine", prompt="a dog"))
    *series, alone = await hand.jobs()
    for job in series:
        await hand.finish(job)
    over = await post_buttons(sandbox, "studio", [f"e1:cancelall:{series[1].id}"])
    assert text_of(await ben.reply(await ben.press(over, "B0"))) == "This job has already finished."
    assert (await hand.job(alone.id)).status is JobStatus.WAITING
    assert await hand.actions(series[1].id) == ()


async def test_a_restarted_bot_goes_on_with_the_message(
    start_bot: BotStarter, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """What happened meanwhile is told in it, and no grid is posted twice."""
    async with start_bot():
        series = await ben.reply(await ben.command("imagine", prompt="a cat --repeat 3"))
        first, second, third = await hand.jobs()
        await hand.finish(first)
        await ben.changed(series, counts("3 grids: 1 done, 2 waiting"))
        await until_closed(database, first.id)
    await hand.finish(second)
    await drop_tokens(database)
    async with start_bot():
        await ben.changed(series, counts("3 grids: 2 done, 1 waiting"))
        await hand.finish(third)
        await ben.changed(series, counts("3 grids: 3 done"))
        await close_all(database, hand)
    assert [is_grid(item) for item in shown_by_bot(ben)] == [False, True, True, True]


async def test_a_message_whose_id_was_not_stored_is_found(
    start_bot: BotStarter, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """As after a kill between the answer and its keeping."""
    async with start_bot():
        series = await ben.reply(await ben.command("imagine", prompt="a cat --repeat 2"))
    async with database.begin() as connection:
        await connection.execute(sa.update(deliveries).values(reply_to=None))
    async with start_bot():
        await finish_all(hand)
        await ben.changed(series, counts("2 grids: 2 done"))
        await close_all(database, hand)
    assert [is_grid(item) for item in shown_by_bot(ben)] == [False, True, True]


async def test_an_answer_that_never_came_is_posted(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    sandbox.inject_fault("POST /interactions/*/*/callback", kind="refuse")
    await ben.command("imagine", prompt="a cat --repeat 2")
    series = await ben.message(counts("2 grids: 2 waiting"))
    await finish_all(hand)
    await ben.changed(series, counts("2 grids: 2 done"))
    await close_all(database, hand)
    assert [is_grid(item) for item in shown_by_bot(ben)] == [False, True, True]


async def test_a_deleted_message_stays_deleted_and_the_grids_come(
    bot: asyncio.Task[None], ada: MemberClient, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """What fails then has a message of its own, since nothing else tells it."""
    series = await ben.reply(await ben.command("imagine", prompt="a cat --repeat 3"))
    await ada.delete(series)
    first, second, third = await hand.jobs()
    await hand.finish(first)
    await ben.message(is_grid)
    await hand.fail(second.id, error="PainterLost")
    await ben.message(counts("(Failed: "))
    await hand.finish(third)
    assert await close_all(database, hand) == 3 * [DeliveryState.DELIVERED]
    assert [is_grid(item) for item in shown_by_bot(ben)] == [True, False, True]


@pytest.mark.parametrize("loss", ["deleted", "closed"])
async def test_the_rest_of_a_lost_channel_goes_to_the_member_and_is_told_once(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand, database: Database, loss: str
) -> None:
    """With a message in their language that goes on to count them; what was posted before is not posted again."""
    world = sandbox.world
    world.users[int(ben.id)] = replace(world.users[int(ben.id)], locale="de")
    series = await ben.reply(await ben.command("imagine", prompt="a cat --repeat 4", channel="gallery"))
    first, *others = await hand.jobs()
    await hand.finish(first)
    await until_closed(database, first.id)
    await drop_tokens(database)
    if loss == "deleted":
        sandbox.world.remove_channel(sandbox.channel("gallery").id)
    else:
        sandbox.deny("gallery", Permissions.VIEW_CHANNEL | Permissions.SEND_MESSAGES)
    for job in others:
        await hand.finish(job)
    moved = await ben.message(lambda item: "4 Raster: 4 fertig" in item["content"] and item["id"] != series["id"])
    assert await close_all(database, hand) == 4 * [DeliveryState.DELIVERED]
    direct = [item for item in shown_by_bot(ben) if item["channel_id"] == ben.channels["dm"]]
    assert sorted(is_grid(item) for item in direct) == [False, True, True, True]
    with speaking("de"):
        note = replies.moved_from(int(series["channel_id"]))
    assert [item["id"] for item in direct if note in text_of(item)] == [moved["id"]]


async def test_a_series_in_an_archived_thread_opens_it_with_its_first_grid(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Its message takes edits again from then on."""
    thread = await ben.open_thread("cats")
    series = await ben.reply(await ben.command("imagine", prompt="a cat --repeat 3", channel="cats"))
    await ben.archive(thread)
    first, *_ = await hand.jobs()
    await hand.finish(first)
    await ben.message(is_grid)
    await finish_all(hand)
    await ben.changed(series, counts("3 grids: 3 done"))
    assert await close_all(database, hand) == 3 * [DeliveryState.DELIVERED]
    assert {item["channel_id"] for item in shown_by_bot(ben)} == {thread["id"]}


async def test_a_cancelled_series_in_an_archived_thread_says_so_in_a_new_message(
    bot: asyncio.Task[None], ada: MemberClient, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """No grid opens the thread again, and the old message would keep its Cancel."""
    thread = await ben.open_thread("cats")
    series = await ben.reply(await ben.command("imagine", prompt="a cat --repeat 2", channel="cats"))
    first, second = await hand.jobs()
    await ben.archive(thread)
    await hand.fail(first.id, error="PainterLost")
    await hand.fail(second.id, error="PainterLost")
    ended = await ben.message(counts("2 grids: 2 failed"))
    await ben.until(lambda: shown_by_bot(ben) == [ended])
    assert ended["id"] != series["id"]
    assert await close_all(database, hand) == 2 * [DeliveryState.GONE]


async def test_what_the_release_before_began_is_finished(
    start_bot: BotStarter, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """It gave each job a message of its own: those are edited as before, and the rest is counted in one."""
    async with start_bot():
        old = await ben.reply(await ben.command("imagine", prompt="a cat --repeat 3"))
    first, *_ = await hand.jobs()
    async with database.begin() as connection:
        await connection.execute(sa.update(deliveries).values(reply_to=None))
        own = sa.update(deliveries).where(deliveries.c.job_id == first.id)
        await connection.execute(own.values(message_id=int(old["id"])))
    async with start_bot():
        await finish_all(hand)
        await ben.changed(old, is_grid)
        await ben.message(counts("3 grids: 3 done"))
        assert await close_all(database, hand) == 3 * [DeliveryState.DELIVERED]
    assert sorted(is_grid(item) for item in shown_by_bot(ben)) == [False, True, True, True]
