"""What may go wrong between a job and its message, and that the member gets one message all the same, or none."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from PIL import Image

from bot import replies
from bot.store.batch import run_alone
from bot.store.deliveries import BotInstance
from bot.store.submissions import submit_drafts
from bot.store.tables import DeliveryState, deliveries
from engine.contract.feedback import Verb
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import is_grid, shown_by_bot, text_of
from tests.bot.rows import delivery_states, until_closed
from tests.bot.store.test_button_actions import DRAFT, press

MEBIBYTE = 1024 * 1024
EDITS = "PATCH /channels/*/messages/*"
POSTS = "POST /channels/*/messages"
ANSWERS = "POST /interactions/*/*/callback"


async def test_a_grid_over_the_limit_is_sent_smaller(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand
) -> None:
    """A grid of more than 10 MiB arrives as a WebP of the same size that is under it."""
    noise = Image.frombytes("RGB", (2048, 2048), os.urandom(2048 * 2048 * 3))
    encoded = io.BytesIO()
    noise.save(encoded, "PNG", compress_level=0)
    assert encoded.tell() > 10 * MEBIBYTE
    waiting = await ben.reply(await ben.command("imagine", prompt="noise"))
    await hand.finish(await hand.only_job(), grid=encoded.getvalue())
    grid = await ben.changed(waiting, is_grid)
    (file,) = grid["attachments"]
    assert (file["content_type"], file["size"] <= 10 * MEBIBYTE) == ("image/webp", True)
    assert Image.open(io.BytesIO(await ben.file(file))).size == (2048, 2048)


async def test_a_lower_limit_than_expected_is_found_by_trying(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand
) -> None:
    """When Discord calls the file too large all the same, a smaller one is sent."""
    noise = io.BytesIO()
    Image.frombytes("RGB", (512, 512), os.urandom(512 * 512 * 3)).save(noise, "PNG")
    waiting = await ben.reply(await ben.command("imagine", prompt="noise"))
    sandbox.inject_fault(EDITS, kind="status", status=413)
    await hand.finish(await hand.only_job(), grid=noise.getvalue())
    grid = await ben.changed(waiting, is_grid)
    assert grid["attachments"][0]["size"] < len(noise.getvalue())


async def test_a_damaged_grid_is_said_to_be_damaged(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand
) -> None:
    """The member is told what to press, and the buttons that still work are there."""
    waiting = await ben.reply(await ben.command("imagine", prompt="a cat"))
    await hand.finish(await hand.only_job(), lose_grid=True)
    grid = await ben.changed(waiting, is_grid)
    assert str(replies.PICTURE_LOST) in text_of(grid)


async def test_a_failed_job_says_why_in_plain_words(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand
) -> None:
    """The sentence names the cause and no class of ours, and there is nothing left to press."""
    waiting = await ben.reply(await ben.command("imagine", prompt="a cat"))
    job = await hand.only_job()
    await hand.fail(job.id, error="PainterLost")
    failed = await ben.changed(waiting, lambda item: "(Failed" in item["content"])
    assert "the image engine stopped three times" in text_of(failed)
    assert failed["components"] == []


async def test_errors_and_rate_limits_of_discord_only_delay(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand
) -> None:
    """An edit that met a 500, a 429 and a cut connection arrives in the end."""
    waiting = await ben.reply(await ben.command("imagine", prompt="a cat"))
    sandbox.inject_fault(EDITS, kind="status", status=500)
    sandbox.inject_fault(EDITS, kind="rate_limit")
    sandbox.inject_fault(EDITS, kind="refuse")
    await hand.finish(await hand.only_job())
    await ben.changed(waiting, is_grid)
    assert len(shown_by_bot(ben)) == 1


async def test_a_post_whose_answer_was_lost_is_not_repeated(
    painted_grid: Callable[..., Any], sandbox: Sandbox, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Discord has the picture but the bot never heard: it finds it instead of posting it again."""
    grid, job, _ = await painted_grid()
    sandbox.inject_fault(POSTS, kind="lose_answer")
    await ben.press(grid, "U3")
    await ben.message(lambda item: "Image #3" in item["content"])
    assert await until_closed(database, job.id, 2) == [DeliveryState.DELIVERED] * 2
    assert len(shown_by_bot(ben)) == 2


async def test_two_presses_for_one_picture_are_two_messages_even_when_answers_are_lost(
    painted_grid: Callable[..., Any], sandbox: Sandbox, ben: MemberClient, cleo: MemberClient, database: Database
) -> None:
    """Looking for a lost message never takes another delivery's."""
    grid, job, _ = await painted_grid()
    sandbox.inject_fault(POSTS, kind="lose_answer", count=2)
    await asyncio.gather(ben.press(grid, "U1"), cleo.press(grid, "U1"))
    assert await until_closed(database, job.id, 3) == [DeliveryState.DELIVERED] * 3
    await ben.until(lambda: len(shown_by_bot(ben)) == 3)
    pictures = [item for item in shown_by_bot(ben) if "Image #1" in item["content"]]
    assert sorted(text_of(item)[-24:] for item in pictures) == sorted(
        f"Image #1 <@{member.id}>"[-24:] for member in (ben, cleo)
    )


async def test_an_answer_that_was_lost_is_found(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand
) -> None:
    """The first message of a job is there although the bot was not told so; it becomes the grid."""
    sandbox.inject_fault(ANSWERS, kind="lose_answer")
    waiting = await ben.reply(await ben.command("imagine", prompt="a cat"))
    await hand.finish(await hand.only_job())
    await ben.changed(waiting, is_grid)
    assert len(shown_by_bot(ben)) == 1


async def test_an_answer_that_never_arrived_is_posted_again(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand
) -> None:
    """Discord says that the application did not respond, but the job is stored, so its grid comes all the same."""
    sandbox.inject_fault(ANSWERS, kind="refuse")
    await ben.command("imagine", prompt="a cat")
    await ben.message(lambda item: "Waiting to start" in item["content"])
    await hand.finish(await hand.only_job())
    await ben.message(is_grid)
    assert len(shown_by_bot(ben)) == 1


async def test_a_delivery_whose_press_was_given_up_is_still_brought(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """The commit arrived after its press was answered with an error: the job's message comes all the same, once."""
    waiting = await ben.reply(await ben.command("imagine", prompt="a cat"))
    lost = replace(press(int(waiting["id"]), discord_id=int(ben.id)), channel_id=int(ben.channels["studio"]))
    async with database.begin() as connection:
        holder = (await connection.execute(sa.select(deliveries.c.claimed_by))).scalar_one()
        instance = BotInstance(id=holder, lease=timedelta(seconds=1.5))
        (stray,) = await run_alone(connection, submit_drafts(lost, [DRAFT], instance))
    await hand.finish(stray.job)
    await ben.message(is_grid)
    assert await until_closed(database, stray.job.id) == [DeliveryState.DELIVERED]
    assert len(shown_by_bot(ben)) == 2


async def test_a_lost_gateway_is_found_again(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand
) -> None:
    """After the socket was dropped, commands are answered again by themselves."""
    sandbox.gateway.disconnect_all()
    await ben.reply(await ben.command("imagine", prompt="a cat"))


async def test_a_second_process_never_posts_twice(
    start_bot: BotStarter, bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Two bots on one database: each press is answered by one of them, and each job has one message.

    The bot that comes second may be the first to answer: it tells the member alone that all is done already.
    """
    async with start_bot():
        await ben.command("imagine", prompt="a red circle")
        waiting = await ben.message(lambda item: "a red circle" in item["content"] and not item["flags"] & 64)
        job = await hand.only_job()
        await hand.finish(job)
        grid = await ben.changed(waiting, is_grid)
        await ben.press(grid, "U1")
        await until_closed(database, job.id, 2)
        await ben.message(lambda item: "Image #1" in item["content"])
    assert len([event for event in await hand.actions(job.id) if event.verb is Verb.UPSCALE]) == 1
    assert len(shown_by_bot(ben)) == 2
    assert set(await delivery_states(database, job.id)) == {DeliveryState.DELIVERED}
