"""`/server`: how Easel works in a server, for those who manage it, and who changed what."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from bot import guild_change_replies
from bot.buttons.changes import PAGE_SIZE
from bot.commands.server import server
from bot.store.guilds.changes import read_changes
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient, RequestRefused
from sandbox.server import Sandbox
from tests.bot.reading import text_of


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


async def test_others_see_no_changes(bot: object, sandbox: Sandbox, ada: MemberClient, ben: MemberClient) -> None:
    """Discord does not offer them the command."""
    assert server.default_permissions is not None and server.default_permissions.manage_guild
    with pytest.raises(RequestRefused):
        await ask(ben, "server", "changes")
