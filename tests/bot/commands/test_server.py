"""`/server`: how Easel works in a server, for those who manage it, and who changed what."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from bot.buttons.changes import PAGE_SIZE
from bot.commands.server import server
from bot.policy.pauses import GuildPaused
from bot.replies import guild_change_replies, reply_for, server_replies
from bot.server_panel.general import (
    AS_MEMBER,
    CHANNELS_VERB,
    LANGUAGE_VERB,
    PAUSE_VERB,
    REMOVE_VERB,
)
from bot.store.guilds.changes import GuildChange, read_changes
from bot.store.guilds.settings import GuildSettings, read_settings
from bot.store.guilds.tables import GuildSetting
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient, RequestRefused
from sandbox.server import Sandbox
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, text_of

Grid = Callable[..., Any]


async def ask(member: MemberClient, *command: str, **options: str) -> str:
    """Return the answer to the command."""
    return text_of(await member.reply(await member.command(*command, **options)))


async def test_changes_are_kept_with_who_made_them(bot: object, ada: MemberClient, database: Database) -> None:
    """Two at once are both made; what was set already is no change; of an erased member the change stays."""
    assert await ask(ada, "server", "changes") == str(guild_change_replies.NO_CHANGES)
    words = ("safety", "words")
    await asyncio.gather(ask(ada, *words, "add", words="one"), ask(ada, *words, "add", words="two"))
    await ask(ada, *words, "remove", word="one")
    async with database.begin() as connection:
        made = await read_changes(connection, int(ada.guild_id), limit=10)
    assert sorted(change.added for change in made) == [(), ("one",), ("two",)] and made[0].removed == ("one",)
    for command in (("queue", "pause"), ("queue", "pause"), ("queue", "resume"), ("queue", "resume")):
        await ask(ada, *command)
    for _ in range(2):
        await ask(ada, "consent", "server", collecting="off")
    closed, resumed, paused, allowed, *_ = lines = (await ask(ada, "server", "changes")).splitlines()
    assert closed.endswith(f"<@{ada.id}> changed the use of what happens here from on to off")
    assert resumed.endswith("ended the pause") and paused.endswith("paused Easel here")
    assert allowed.endswith(f"<@{ada.id}> allowed `one`") and len(lines) == 6
    async with database.begin() as connection:
        await connection.execute(sa.text("UPDATE members SET discord_id = -discord_id"))
    assert "someone who was erased allowed `one`" in await ask(ada, "server", "changes")


async def test_many_changes_are_told_by_the_page(bot: object, ada: MemberClient, database: Database) -> None:
    """However long each is; the newest come first."""
    query = """
        INSERT INTO guild_changes SELECT number, :guild, NULL, 'words', ARRAY[repeat('x', 60) || number], '{}', now()
        FROM generate_series(1, 12) AS number
    """
    async with database.begin() as connection:
        await connection.execute(sa.text(query), {"guild": int(ada.guild_id)})
    newest = await ada.reply(await ada.command("server", "changes"))
    assert len(text_of(newest).splitlines()) == PAGE_SIZE and "x12" in text_of(newest)
    await ada.press(newest, str(guild_change_replies.OLDER))
    oldest = await ada.changed(newest, lambda item: "x1`" in item["content"])
    assert len(text_of(oldest).splitlines()) == 2
    await ada.press(oldest, str(guild_change_replies.NEWER))
    await ada.changed(newest, lambda item: "x12" in item["content"])


async def panel_of(ada: MemberClient) -> Message:
    """Return the panel of the server."""
    return await ada.reply(await ada.command("server", "settings"))


async def test_jobs_are_started_in_chosen_channels_alone(
    painted_grid: Grid, sandbox: Sandbox, ada: MemberClient, ben: MemberClient, hand: EngineHand
) -> None:
    """And in their threads and direct messages; buttons elsewhere are refused as well."""
    grid, job, _ = await painted_grid()
    thread = await ben.open_thread("Boats", channel="gallery")
    panel = await panel_of(ada)
    gallery = ada.channels["gallery"]
    await ada.press(panel, f"e1:{CHANNELS_VERB}:v1", [gallery])
    await ada.changed(panel, lambda item: f"start jobs in <#{gallery}>" in text_of(item))
    said = server_replies.elsewhere([int(gallery)])
    assert await ask(ben, "imagine", prompt="a boat") == said
    assert text_of(await ben.reply(await ben.press(grid, "V1"))) == said
    for channel in ("gallery", "dm", thread["name"]):
        await ben.reply(await ben.command("imagine", prompt="a boat", channel=channel))
    assert len(await hand.jobs()) == 4
    assert await ask(ben, "show", picture=str(job.id)) == said
    await ada.press(panel, f"e1:{CHANNELS_VERB}:v1", [])
    await ada.changed(panel, lambda item: str(server_replies.EVERYWHERE) in text_of(item))
    await ben.reply(await ben.command("imagine", prompt="a boat"))
    assert f"changed the channels for Easel from everywhere to <#{gallery}>" in await ask(ada, "server", "changes")


async def test_channels_that_are_deleted_are_shown_and_removed(
    bot: object, ada: MemberClient, ben: MemberClient, database: Database
) -> None:
    """Members are told of those that are left, or that there is none."""
    query = "INSERT INTO guild_settings VALUES (:guild, :channels)"
    async with database.begin() as connection:
        await connection.execute(sa.text(query), {"guild": int(ada.guild_id), "channels": [5]})
    assert await ask(ben, "imagine", prompt="a boat") == str(server_replies.NO_CHANNEL_LEFT)
    panel = await panel_of(ada)
    assert server_replies.deleted(1) in text_of(panel)
    await ada.press(panel, f"e1:{REMOVE_VERB}:v1")
    await ada.changed(panel, lambda item: "⚠️" not in text_of(item))
    async with database.begin() as connection:
        assert await read_settings(connection, int(ada.guild_id)) == GuildSettings()


async def test_the_language_of_a_server_is_that_of_its_answers(
    bot: object, ada: MemberClient, ben: MemberClient
) -> None:
    """Once it is chosen, and no longer when it is as each member's again."""
    panel = await panel_of(ada)
    await ada.press(panel, f"e1:{LANGUAGE_VERB}:v1", ["de"])
    await ada.changed(panel, lambda item: "Easel auf diesem Server" in text_of(item))
    assert "geändert" in await ask(ada, "server", "changes")
    await ada.press(panel, f"e1:{LANGUAGE_VERB}:v1", [AS_MEMBER])
    await ada.changed(panel, lambda item: "Easel in this server" in text_of(item))


async def test_the_switches_are_turned(bot: object, ada: MemberClient, ben: MemberClient) -> None:
    """As the commands do that are for one switch each."""
    await ben.reply(await ben.command("imagine", prompt="a boat"))
    panel = await panel_of(ada)
    assert "Painted: 0. Waiting: 1." in text_of(panel)
    await ada.press(panel, "Pause")
    panel = await ada.changed(panel, lambda item: str(server_replies.PAUSED) in text_of(item))
    assert await ask(ben, "imagine", prompt="a boat") == reply_for(GuildPaused())
    await ada.press(panel, "Resume")
    panel = await ada.changed(panel, lambda item: str(server_replies.RUNNING) in text_of(item))
    await ada.press(panel, "Switch off")
    await ada.changed(panel, lambda item: str(server_replies.NOT_COLLECTING) in text_of(item))


async def test_others_see_no_changes(bot: object, sandbox: Sandbox, ada: MemberClient, ben: MemberClient) -> None:
    """Discord does not offer them the command."""
    assert server.default_permissions is not None and server.default_permissions.manage_guild
    with pytest.raises(RequestRefused):
        await ask(ben, "server", "changes")
    panel = await panel_of(ada)
    for verb in (PAUSE_VERB, LANGUAGE_VERB):
        with pytest.raises(RequestRefused):
            await ben.press(panel, f"e1:{verb}:v1", ["de"] if verb == LANGUAGE_VERB else None)


def test_long_changes_say_what_was_and_what_is() -> None:
    """Ten of them share one message, in which each keeps both of its values."""
    change = GuildChange(
        setting=GuildSetting.LIMITS,
        added=("new " + "🙂" * 300,),
        removed=("old " + "x" * 300,),
        discord_id=1191168914227200002,
        at=datetime.now(UTC),
    )
    said = guild_change_replies.change_lines([change] * 10)
    assert len(said.encode("utf-16-le")) // 2 <= 2000
    assert all("from old xxxx" in line and "... to new 🙂🙂" in line for line in said.splitlines())
