"""Announcements: posted once in each server that has switched them on, in the channel that it has chosen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack

import pytest
import sqlalchemy as sa

from bot.replies import announcement_replies
from bot.server_panel.general import ANNOUNCEMENTS_VERB, ANNOUNCING_VERB
from bot.store.announcements.announcing import Announcement, Withdrawal, announce, read_announcements, withdraw
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from sandbox.state.seed import ADA
from tests.bot.commands.test_server import ask, panel_of
from tests.bot.conftest import BotStarter
from tests.bot.reading import Message, text_of
from tests.bot.rows import until_true
from tests.bot.watching import RequestWatch

TEXT = "Maintenance at *8 o'clock*. @everyone"
_POSTED = "SELECT NOT EXISTS (SELECT FROM announcement_posts WHERE state = 'waiting')"
_NOWHERE = "SELECT NOT EXISTS (SELECT FROM announcement_posts WHERE state IN ('posted', 'waiting'))"


@pytest.fixture
async def chosen(ada: MemberClient, database: Database) -> AsyncIterator[int]:
    """The channel that the server has chosen for announcements."""
    channel_id = int(ada.channels["gallery"])
    await execute(
        database, "INSERT INTO guild_settings (guild_id, announcements) VALUES (:guild, :channel)", ada, channel_id
    )
    yield channel_id


async def execute(database: Database, query: str, ada: MemberClient, channel_id: int = 0) -> None:
    """Execute the query with the guild and the channel."""
    async with database.begin() as connection:
        await connection.execute(sa.text(query), {"guild": int(ada.guild_id), "channel": channel_id})


def announced_in(ada: MemberClient, channel_id: int) -> list[Message]:
    """Return the announcements that members read in the channel."""
    here = [item for item in ada.messages.values() if item["channel_id"] == str(channel_id)]
    return [item for item in here if text_of(item).startswith(str(announcement_replies.HEADING))]


async def taken_back(database: Database) -> list[Withdrawal | None]:
    """Withdraw what was announced, the newest first."""
    async with database.begin() as connection:
        return [await withdraw(connection, one.id) for one in await read_announcements(connection, 10)]


async def announced(database: Database) -> list[Announcement]:
    """Return what was announced, the newest first."""
    async with database.begin() as connection:
        return list(await read_announcements(connection, 10))


async def test_an_announcement_is_posted_once(
    start_bot: BotStarter, ada: MemberClient, chosen: int, database: Database, watch: RequestWatch
) -> None:
    """Nobody is pinged; a process that dies before it has stored the message leaves it to one that finds it."""
    async with database.begin() as connection:
        await announce(connection, TEXT)
    async with start_bot():
        await until_true(database, _POSTED)
        (message,) = announced_in(ada, chosen)
        assert not message["mention_everyone"]
    died = """
        UPDATE announcement_posts SET state = 'waiting', message_id = NULL, due_at = now()
        WHERE guild_id = :guild AND channel_id = :channel
    """
    await execute(database, died, ada, chosen)
    async with start_bot():
        await until_true(database, _POSTED)
    assert [item["id"] for item in announced_in(ada, chosen)] == [message["id"]]
    assert watch.count(f"POST /channels/{chosen}/messages") == 1
    (found,) = await announced(database)
    assert text_of(message) == announcement_replies.announced(TEXT)
    async with database.begin() as connection:
        stored = await connection.scalar(sa.text("SELECT message_id FROM announcement_posts"))
    assert (found.num_posted, str(stored)) == (1, message["id"])


async def test_what_cannot_be_posted_is_told_and_what_is_not_wanted_is_not_posted(
    start_bot: BotStarter, ada: MemberClient, chosen: int, database: Database
) -> None:
    """A server that has switched announcements off meanwhile reads none, and one that has lost its channel neither."""
    await execute(database, "INSERT INTO guild_settings (guild_id, announcements) VALUES (5, 50)", ada)
    async with database.begin() as connection:
        await announce(connection, TEXT)
    await execute(database, "UPDATE guild_settings SET announcements = NULL WHERE guild_id = :guild", ada)
    async with start_bot():
        await until_true(database, _POSTED)
    (found,) = await announced(database)
    assert (found.num_unwanted, found.num_posted, found.refused_by) == (1, 0, (5,))
    assert announced_in(ada, chosen) == []


async def test_what_is_withdrawn_is_deleted_and_posted_no_more(
    start_bot: BotStarter, ada: MemberClient, chosen: int, database: Database, watch: RequestWatch
) -> None:
    """Once each, over restarts: what was posted, what a process posted and died of, and what nobody has tried yet."""
    async with database.begin() as connection:
        await announce(connection, TEXT)
        in_doubt, _ = await announce(connection, "Posted, but nobody knows.")
    async with start_bot():
        await until_true(database, _POSTED)
    assert len(announced_in(ada, chosen)) == 2
    async with database.begin() as connection:
        died = sa.text("""
            UPDATE announcement_posts SET state = 'waiting', message_id = NULL, due_at = now()
            WHERE announcement_id = :id
        """)
        await connection.execute(died, {"id": in_doubt})
        await announce(connection, "Never posted.")
    assert await taken_back(database) == [
        Withdrawal(is_new=True, num_stopped=stopped, num_shown=1 - stopped) for stopped in (1, 0, 0)
    ]
    for _ in range(2):
        async with start_bot():
            await until_true(database, _NOWHERE)
    await ada.until(lambda: not announced_in(ada, chosen))
    requests = (f"POST /channels/{chosen}/messages", f"DELETE /channels/{chosen}/messages/.*")
    assert [watch.count(one) for one in requests] == [2, 2]
    assert [(one.num_withdrawn, one.withdrawn_at is None) for one in await announced(database)] == [(1, False)] * 3
    assert await taken_back(database) == [Withdrawal(is_new=False, num_stopped=0, num_shown=0)] * 3


async def test_what_is_withdrawn_while_it_is_posted_is_deleted(
    start_bot: BotStarter, ada: MemberClient, chosen: int, database: Database, watch: RequestWatch
) -> None:
    """The process that has begun the post ends it, and then takes it back."""
    async with database.begin() as connection:
        await announce(connection, TEXT)
    post = f"POST /channels/{chosen}/messages"
    with ExitStack() as held:
        held.enter_context(watch.holding(post))
        async with start_bot():
            await watch.until_begun(post)
            assert await taken_back(database) == [Withdrawal(is_new=True, num_stopped=0, num_shown=1)]
            held.close()
            await until_true(database, _NOWHERE)
    await ada.until(lambda: not announced_in(ada, chosen))
    assert (watch.count(post), watch.count(f"DELETE /channels/{chosen}/messages/.*")) == (1, 1)


async def test_what_cannot_be_deleted_is_told_and_tried_again_on_request(
    start_bot: BotStarter, sandbox: Sandbox, ada: MemberClient, chosen: int, database: Database
) -> None:
    """A bot that may not see a channel any more cannot delete in it, until it may again and the operator says so."""
    async with database.begin() as connection:
        await announce(connection, TEXT)
    async with start_bot():
        await until_true(database, _POSTED)
    await taken_back(database)
    sandbox.inject_fault(f"DELETE /channels/{chosen}/messages/*", kind="status", status=403, count=None)
    async with start_bot():
        await until_true(database, _NOWHERE)
    (found,) = await announced(database)
    assert found.left_in == (int(ada.guild_id),) and len(announced_in(ada, chosen)) == 1
    sandbox.faults.clear()
    assert await taken_back(database) == [Withdrawal(is_new=False, num_stopped=0, num_shown=1)]
    async with start_bot():
        await until_true(database, _NOWHERE)
    await ada.until(lambda: not announced_in(ada, chosen))
    (found,) = await announced(database)
    assert (found.left_in, found.num_withdrawn) == ((), 1)


async def test_those_who_manage_a_server_switch_announcements_on(
    bot: object, ada: MemberClient, database: Database
) -> None:
    """With a channel of the server's own choice, or the moderators' one; each change is kept."""
    switch, select = f"e1:{ANNOUNCING_VERB}:v1", f"e1:{ANNOUNCEMENTS_VERB}:v1"
    panel = await panel_of(ada)
    assert str(announcement_replies.OFF) in text_of(panel)
    await ada.press(panel, switch)
    panel = await ada.changed(panel, lambda item: str(announcement_replies.NEEDS_CHANNEL) in text_of(item))
    studio, gallery = (int(ada.channels[name]) for name in ("studio", "gallery"))
    await ada.press(panel, select, [str(gallery)])
    panel = await ada.changed(panel, lambda item: announcement_replies.posted_in(gallery) in text_of(item))
    await ada.press(panel, switch)
    panel = await ada.changed(panel, lambda item: str(announcement_replies.OFF) in text_of(item))
    await ask(ada, "safety", "channel", set=str(studio))
    await ada.press(panel, switch)
    panel = await ada.changed(panel, lambda item: announcement_replies.posted_in(studio) in text_of(item))
    query = sa.text("SELECT announcements FROM guild_settings")
    async with database.begin() as connection:
        assert await connection.scalar(query) == studio
    newest, _moderators, *older = (await ask(ada, "server", "changes")).splitlines()
    assert newest.endswith(f"<@{ADA}> changed the channel of announcements from off to <#{studio}>")
    assert older[0].endswith(f"from <#{gallery}> to off") and older[1].endswith(f"from off to <#{gallery}>")


async def test_a_lost_channel_is_shown(bot: object, ada: MemberClient, database: Database) -> None:
    """With what the bot needs; choosing another one ends it."""
    await execute(database, "INSERT INTO guild_settings (guild_id, announcements) VALUES (:guild, 5)", ada)
    panel = await panel_of(ada)
    assert announcement_replies.channel_closed(5) in text_of(panel)
    studio = ada.channels["studio"]
    await ada.press(panel, f"e1:{ANNOUNCEMENTS_VERB}:v1", [studio])
    await ada.changed(panel, lambda item: "⚠️" not in text_of(item) and f"<#{studio}>" in text_of(item))
