"""discord.py in threads and forum posts: its objects, events and errors."""

import asyncio

import discord
import pytest

from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from sandbox.state.flags import Permissions
from tests.sandbox.discord_py_client import RecordingBot, answer_with, logged_in


async def test_a_command_in_a_thread_comes_with_the_thread(sandbox: Sandbox, ben: MemberClient) -> None:
    """`interaction.channel` is a Thread with its parent and metadata, and the bot's permissions there."""
    sandbox.deny("studio", Permissions.SEND_MESSAGES)
    seen: asyncio.Queue[tuple[object, discord.Permissions]] = asyncio.Queue()

    async def note(interaction: discord.Interaction) -> None:
        await seen.put((interaction.channel, interaction.app_permissions))
        await interaction.response.send_message("seen")

    bot = RecordingBot()
    answer_with(bot, "here", note)
    async with logged_in(sandbox, bot):
        await ben.open_thread("sketches")
        await ben.open_post("foxes")
        for name, parent, kind in (
            ("sketches", "studio", discord.TextChannel),
            ("foxes", "showcase", discord.ForumChannel),
        ):
            answer = await ben.reply(await ben.command("here", channel=name))
            thread, permissions = seen.get_nowait()
            assert isinstance(thread, discord.Thread)
            assert isinstance(thread.parent, kind)
            assert (thread.name, thread.parent.name, thread.archived) == (name, parent, False)
            assert (thread.owner_id, str(thread.id)) == (int(ben.id), answer["channel_id"])
            assert permissions.send_messages_in_threads
            assert permissions.send_messages is (parent != "studio")


async def test_the_bot_follows_threads(sandbox: Sandbox, ada: MemberClient, ben: MemberClient) -> None:
    """Those from before it connected, new ones, archived ones, reopened ones and deleted ones."""
    await ben.open_thread("before")
    async with logged_in(sandbox, RecordingBot()) as bot:
        (guild,) = bot.guilds
        assert [thread.name for thread in guild.threads] == ["before"]
        opened = await ben.open_post("foxes")
        (thread,) = await bot.heard("thread_create")
        assert (str(thread.id), thread.parent_id) == (opened["id"], sandbox.channel("showcase").id)
        await ben.archive("foxes")
        _, archived = await bot.heard("thread_update")
        assert archived.archived
        assert guild.get_thread(thread.id) is None
        await archived.send("again")
        await bot.heard("thread_join", lambda joined: joined.id == thread.id)
        assert [active.name for active in await guild.active_threads()] == ["before", "foxes"]
        await ada.delete_thread("foxes")
        await bot.heard("thread_delete")
        sandbox.world.remove_channel(sandbox.channel("studio").id)
        await bot.heard("guild_channel_delete")
        assert list(guild.threads) == []


async def test_an_edit_in_an_archived_thread_raises(sandbox: Sandbox, ben: MemberClient) -> None:
    """By id and by the interaction's token alike, as HTTPException with Discord's code."""
    failures: list[discord.HTTPException] = []

    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("working")
        message = await interaction.original_response()
        await ben.archive("sketches")
        assert isinstance(interaction.channel, discord.Thread)
        for edit in (message.edit, interaction.channel.get_partial_message(message.id).edit):
            with pytest.raises(discord.HTTPException) as raised:
                await edit(content="done")
            failures.append(raised.value)
        await interaction.followup.send("done")

    bot = RecordingBot()
    answer_with(bot, "work", answer)
    await ben.open_thread("sketches")
    async with logged_in(sandbox, bot):
        await ben.command("work", channel="sketches")
        await ben.message(lambda item: item["content"] == "done")
    assert [(failure.status, failure.code) for failure in failures] == [(400, 50083)] * 2
