"""Easel where only a member has installed it: in a server in which the bot is not."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from bot import replies
from bot.client import EaselClient
from bot.commands import COMMANDS
from bot.store.tables import DeliveryState
from engine.contract.feedback import Surface
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient, RequestRefused
from sandbox.server import Sandbox
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import is_grid, text_of
from tests.bot.rows import drop_tokens, until_closed
from tests.bot.watching import RequestWatch

TERRACE = {"channel": "terrace"}
EPHEMERAL = 64


async def test_every_command_is_everywhere_but_those_that_administer_a_server() -> None:
    """Discord takes a command off servers that says only that users may install it."""
    tree = EaselClient(COMMANDS, (), aiohttp.TraceConfig()).tree
    for command in COMMANDS:
        body = command.to_dict(tree)
        # Parts of /gallery administer a server, too.
        if body["default_member_permissions"] is not None or body["name"] == "gallery":
            assert (body["integration_types"], body["contexts"]) == ([0], [0]), body["name"]
        else:
            here = [0] if body["name"] == "rank" else [0, 1, 2]
            assert (body["integration_types"], body["contexts"]) == ([0, 1], here), body["name"]


async def test_whoever_has_not_installed_it_has_no_commands_there(bot: asyncio.Task[None], cleo: MemberClient) -> None:
    with pytest.raises(RequestRefused):
        await cleo.command("imagine", prompt="a cat", **TERRACE)


async def test_pictures_are_painted_where_the_bot_is_not(
    bot: asyncio.Task[None], ben: MemberClient, cleo: MemberClient, hand: EngineHand, watch: RequestWatch
) -> None:
    """All see them; everything goes through the interactions' tokens, and nothing is tried that Discord forbids."""
    waiting = await ben.reply(await ben.command("imagine", prompt="a red circle", **TERRACE))
    job = await hand.only_job()
    await hand.start(job.id)
    await hand.progress(job.id, 0.5)
    await ben.changed(waiting, lambda item: "(50%)" in item["content"])
    await hand.finish(await hand.only_job())
    grid = await cleo.message(is_grid)
    assert grid["id"] == waiting["id"]
    single = await ben.reply(await ben.press(grid, "U1"))
    assert single["attachments"] and not single["flags"] & EPHEMERAL
    varied = await ben.reply(await ben.press(single, "Vary (Strong)"))
    await hand.finish((await hand.jobs())[-1])
    assert (await ben.changed(varied, is_grid))["attachments"]
    assert {shown.surface for shown in await hand.impressions(job.id)} == {Surface.PRIVATE}
    assert not watch.count(".* /channels/.*")


async def test_private_pictures_are_painted_where_the_bot_is_not(
    bot: asyncio.Task[None], ben: MemberClient, cleo: MemberClient, hand: EngineHand
) -> None:
    waiting = await ben.reply(await ben.command("imagine", prompt="a cat --stealth", **TERRACE))
    await hand.finish(await hand.only_job())
    grid = await ben.changed(waiting, is_grid)
    assert grid["flags"] & EPHEMERAL and grid["id"] not in cleo.messages


async def test_what_is_painted_after_the_token_has_expired_comes_by_direct_message(
    start_bot: BotStarter, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    async with start_bot():
        waiting = await ben.reply(await ben.command("imagine", prompt="a cat", **TERRACE))
    await drop_tokens(database)
    async with start_bot():
        job = await hand.only_job()
        await hand.finish(job)
        grid = await ben.message(is_grid)
        assert grid["channel_id"] == ben.channels["dm"]
        assert replies.moved_from(int(waiting["channel_id"])) in text_of(grid)
        assert await until_closed(database, job.id) == [DeliveryState.DELIVERED]


async def test_a_search_of_that_server_finds_nothing(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Whoever sees the channel is not known there."""
    waiting = await ben.reply(await ben.command("imagine", prompt="a red circle", **TERRACE))
    job = await hand.only_job()
    await hand.finish(job)
    await ben.changed(waiting, is_grid)
    await until_closed(database, job.id)
    found = await ben.reply(await ben.command("search", words="circle", whose="server", **TERRACE))
    assert "a red circle" not in text_of(found)
    own = await ben.reply(await ben.command("history", **TERRACE))
    assert "a red circle" in text_of(own)
