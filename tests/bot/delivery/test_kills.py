"""The bot is killed with SIGKILL at each boundary of a delivery; the next one finishes it, in one message."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.store.tables import DeliveryState
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from tests.bot.bot_process import bot_process
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import is_grid, shown_by_bot
from tests.bot.rows import until_closed
from tests.bot.watching import RequestWatch
from tests.killing import blocked, kill

pytestmark = pytest.mark.kills

FOR_EVER = timedelta(minutes=5)
EDITS, POSTS = r"PATCH /channels/\d+/messages/\d+", r"POST /channels/\d+/messages"
ANSWERS = r"POST /interactions/.*"
FREEZE = "LOCK TABLE deliveries IN EXCLUSIVE MODE"
"""Lets deliveries be read but not written, so that a message's id cannot be kept."""


async def test_between_commit_and_answer(
    sandbox: Sandbox,
    watch: RequestWatch,
    database: Database,
    database_url: str,
    storage_url: str,
    ben: MemberClient,
    hand: EngineHand,
) -> None:
    """The job is stored but Discord never heard: the next bot posts the message that the answer should have been."""
    sandbox.inject_fault("POST /interactions/*/*/callback", kind="slow", delay=FOR_EVER)
    async with bot_process(sandbox, database_url, storage_url) as first:
        await ben.command("imagine", prompt="a cat")
        await watch.until_begun(ANSWERS)
        await kill(first)
    await _finish(sandbox, database, database_url, storage_url, ben, hand)


async def test_between_answer_and_its_keeping(
    sandbox: Sandbox,
    watch: RequestWatch,
    database: Database,
    database_url: str,
    storage_url: str,
    ben: MemberClient,
    hand: EngineHand,
) -> None:
    """Discord has the message but the store does not know it: the next bot finds it."""
    sandbox.inject_fault("POST /interactions/*/*/callback", kind="slow", delay=timedelta(seconds=1))
    async with bot_process(sandbox, database_url, storage_url) as first:
        pressed = await ben.command("imagine", prompt="a cat")
        await watch.until_begun(ANSWERS)
        async with blocked(database_url, FREEZE):
            await ben.reply(pressed)
            await kill(first)
    await _finish(sandbox, database, database_url, storage_url, ben, hand)


async def test_during_an_edit(
    sandbox: Sandbox,
    watch: RequestWatch,
    database: Database,
    database_url: str,
    storage_url: str,
    ben: MemberClient,
    hand: EngineHand,
) -> None:
    """A preview is on its way: the next bot goes on with the same message."""
    sandbox.inject_fault("PATCH /channels/*/messages/*", kind="slow", delay=timedelta(seconds=1))
    async with bot_process(sandbox, database_url, storage_url) as first:
        await ben.reply(await ben.command("imagine", prompt="a cat"))
        job = await hand.only_job()
        await hand.start(job.id)
        await hand.progress(job.id, 0.5)
        await watch.until_begun(EDITS)
        await kill(first)
    await _finish(sandbox, database, database_url, storage_url, ben, hand)


async def test_between_the_end_of_a_job_and_its_last_edit(
    sandbox: Sandbox, database: Database, database_url: str, storage_url: str, ben: MemberClient, hand: EngineHand
) -> None:
    """The grid finishes while no bot is there."""
    async with bot_process(sandbox, database_url, storage_url) as first:
        await ben.reply(await ben.command("imagine", prompt="a cat"))
        await kill(first)
    await hand.finish(await hand.only_job())
    await _finish(sandbox, database, database_url, storage_url, ben, hand)


async def test_between_the_last_edit_and_its_keeping(
    sandbox: Sandbox,
    watch: RequestWatch,
    database: Database,
    database_url: str,
    storage_url: str,
    ben: MemberClient,
    hand: EngineHand,
) -> None:
    """The grid is shown but the delivery still open: the next bot shows the same once more, in the same message."""
    sandbox.inject_fault("PATCH /channels/*/messages/*", kind="slow", delay=timedelta(seconds=1))
    async with bot_process(sandbox, database_url, storage_url) as first:
        waiting = await ben.reply(await ben.command("imagine", prompt="a cat"))
        await hand.finish(await hand.only_job())
        await watch.until_begun(EDITS)
        async with blocked(database_url, FREEZE):
            await ben.changed(waiting, is_grid)
            await kill(first)
    await _finish(sandbox, database, database_url, storage_url, ben, hand)


async def test_between_a_press_and_its_picture(
    sandbox: Sandbox,
    watch: RequestWatch,
    database: Database,
    database_url: str,
    storage_url: str,
    ben: MemberClient,
    hand: EngineHand,
) -> None:
    """U is stored but nothing posted: the next bot posts the picture."""
    async with bot_process(sandbox, database_url, storage_url) as first:
        grid = await _grid(ben, hand)
        sandbox.inject_fault("POST /channels/*/messages", kind="refuse", count=None)
        await ben.press(grid, "U1")
        await watch.until_begun(POSTS)
        await kill(first)
    sandbox.faults.clear()
    await _post_once(sandbox, database, database_url, storage_url, ben, hand)


async def test_between_a_picture_and_its_keeping(
    sandbox: Sandbox,
    watch: RequestWatch,
    database: Database,
    database_url: str,
    storage_url: str,
    ben: MemberClient,
    hand: EngineHand,
) -> None:
    """The picture is posted but its delivery still open: the next bot finds it and posts no other."""
    async with bot_process(sandbox, database_url, storage_url) as first:
        grid = await _grid(ben, hand)
        sandbox.inject_fault("POST /channels/*/messages", kind="slow", delay=timedelta(seconds=1))
        await ben.press(grid, "U1")
        await watch.until_begun(POSTS)
        async with blocked(database_url, FREEZE):
            await ben.message(lambda item: "Image #1" in item["content"])
            await kill(first)
    await _post_once(sandbox, database, database_url, storage_url, ben, hand)


async def _grid(ben: MemberClient, hand: EngineHand) -> dict[str, object]:
    waiting = await ben.reply(await ben.command("imagine", prompt="a cat"))
    await hand.finish(await hand.only_job())
    return await ben.changed(waiting, is_grid)


async def _finish(
    sandbox: Sandbox, database: Database, database_url: str, storage_url: str, ben: MemberClient, hand: EngineHand
) -> None:
    """Let another bot and the engine do the rest; there must be one message, and it must be the grid."""
    sandbox.faults.clear()
    async with bot_process(sandbox, database_url, storage_url):
        job = await hand.only_job()
        if job.ended_at is None:
            await hand.finish(job)
        await ben.message(is_grid)
        assert await until_closed(database, job.id) == [DeliveryState.DELIVERED]
    assert len(shown_by_bot(ben)) == 1


async def _post_once(
    sandbox: Sandbox, database: Database, database_url: str, storage_url: str, ben: MemberClient, hand: EngineHand
) -> None:
    """Let another bot do the rest; there must be the grid and one picture."""
    async with bot_process(sandbox, database_url, storage_url):
        job = await hand.only_job()
        await ben.message(lambda item: "Image #1" in item["content"])
        assert await until_closed(database, job.id, 2) == [DeliveryState.DELIVERED] * 2
    assert len(shown_by_bot(ben)) == 2
