"""The chat that a sandbox keeps in a folder: over restarts and kills, damaged, of a newer release, started anew."""

import asyncio
import json
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from sandbox.actions.interactions import TOKEN_LIFETIME, forget_old_interactions
from sandbox.chat.test_client import MemberClient, member_client
from sandbox.server import Sandbox, serve
from sandbox.state.clock import ManualClock
from sandbox.store.chat_file import ChatInUse
from tests.sandbox.raw_bot import RawBot

IMAGINE = {"name": "imagine", "description": "Paint", "options": [{"type": 3, "name": "prompt", "description": "What"}]}
U1 = {"type": 2, "style": 2, "label": "U1", "custom_id": "u1"}
GRID = {"content": "grid", "components": [{"type": 1, "components": [U1]}], "nonce": "n1", "enforce_nonce": True}
HARM = {
    "newer": "PRAGMA user_version = 99",
    "record": "UPDATE records SET body = '{\"id\"' WHERE kind LIKE 'messages%'",
    "field": "UPDATE records SET body = '{\"id\": []}' WHERE kind LIKE 'messages%'",
}


@asynccontextmanager
async def chat(folder: Path, **options: Any) -> AsyncIterator[tuple[Sandbox, RawBot, MemberClient]]:
    """A sandbox that keeps its chat in the folder, a bot and Ada."""
    async with (
        serve(folder=folder, **options) as sandbox,
        aiohttp.ClientSession() as http,
        member_client(sandbox.url, "ada") as ada,
    ):
        yield sandbox, RawBot(http, sandbox), ada


async def seen_by(bot: RawBot, member: MemberClient) -> Any:
    """What a member sees; of files' addresses the path alone, for they are signed anew."""
    async with bot.http.get(f"{bot.sandbox.url}/sandbox/state", params={"member": member.id}) as response:
        return _plain(json.loads((await response.text()).replace(bot.sandbox.url, "")))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return urlsplit(value).path if isinstance(value, str) and value.startswith("/attachments/") else value


async def commanded(bot: RawBot, ada: MemberClient) -> dict[str, Any]:
    """Have Ada use /imagine, defer the answer, and return the interaction as the bot has it."""
    await bot.call("PUT", f"/applications/{bot.sandbox.world.application.id}/commands", [IMAGINE])
    sent = await ada.command("imagine", prompt="a fox")
    interaction = bot.sandbox.world.interactions[int(sent.interaction_id)]
    answered = await bot.call("POST", f"/interactions/{interaction.id}/{interaction.token}/callback", {"type": 5})
    assert answered.status == 204
    return {"id": interaction.id, "token": interaction.token}


async def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    """Messages, files, reactions, threads, deleted channels, commands and open interactions: all go on as before."""
    async with chat(tmp_path / "chat") as (sandbox, bot, ada):
        posted = (await bot.post_message(GRID, files=[("a.png", b"pixels")])).body
        await ada.react(posted, "🙂")
        await ada.say("hello \ud83d", reply_to=posted)
        thread = await ada.open_thread("series")
        await ada.say("inside", channel="series")
        await ada.open_post("post")
        await ada.archive(thread)
        sandbox.world.remove_channel(sandbox.channel("gallery").id)
        used = await commanded(bot, ada)
        application = sandbox.world.application.id
        before = await seen_by(bot, ada)
    async with chat(tmp_path / "chat") as (sandbox, bot, ada):
        assert await seen_by(bot, ada) == before
        assert sandbox.notice is None
        assert await ada.file(ada.messages[posted["id"]]["attachments"][0]) == b"pixels"
        old = urlsplit(posted["attachments"][0]["url"])
        async with bot.http.get(f"{sandbox.url}{old.path}?{old.query}") as response:
            assert await response.read() == b"pixels"
        again = await bot.post_message(GRID)
        assert again.body["id"] == posted["id"]
        edit = f"/webhooks/{application}/{used['token']}/messages/@original"
        assert (await bot.call("PATCH", edit, {"content": "painted"})).body["interaction_metadata"]["id"] == str(
            used["id"]
        )
        await ada.message(lambda item: item["content"] == "painted")
        pressed = await ada.press(ada.messages[posted["id"]], "U1")
        assert sandbox.world.interactions[int(pressed.interaction_id)].message_id == int(posted["id"])
        ids = {int(item["id"]) for item in ada.messages.values()}
        assert int((await ada.say("later"))["id"]) > max(ids)


async def test_changes_and_removals_are_kept_too(tmp_path: Path) -> None:
    """Edited, deleted and replaced: after a restart neither old messages nor the files of deleted ones are there."""
    async with chat(tmp_path / "chat") as (sandbox, bot, ada):
        first = (await bot.post_message({"content": "a"}, files=[("a.png", b"same"), ("b.png", b"other")])).body
        second = (await bot.post_message({"content": "b"}, files=[("c.png", b"same")])).body
        path = f"/channels/{first['channel_id']}/messages"
        await bot.call("PATCH", f"{path}/{second['id']}", {"content": "changed"})
        await bot.call("DELETE", f"{path}/{first['id']}")
        assert len(list((tmp_path / "chat" / "files").iterdir())) == 1
    async with chat(tmp_path / "chat") as (sandbox, bot, ada):
        (kept,) = ada.messages.values()
        assert (kept["id"], kept["content"]) == (second["id"], "changed")
        assert await ada.file(kept["attachments"][0]) == b"same"
        assert list(sandbox.world.files) == [int(kept["attachments"][0]["id"])]


async def test_a_kill_in_a_burst_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    """SIGKILL while many post: every message whose post was answered is there, with its file, and none is torn."""
    command = (sys.executable, "-m", "tests.sandbox.store.killed_sandbox", str(tmp_path / "chat"))
    answered: list[str] = []
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    url = (await process.stdout.readline()).decode().strip()

    async def post(member: MemberClient, name: str) -> None:
        for number in range(1000):
            try:
                answered.append((await member.say(f"{name} {number}"))["id"])
            except (aiohttp.ClientError, OSError):
                return
            if len(answered) == 60:
                process.kill()

    async with member_client(url, "ada") as ada:
        await asyncio.gather(*(post(ada, name) for name in "abcdef"))
    await process.wait()
    async with chat(tmp_path / "chat") as (sandbox, _, ada):
        assert sandbox.notice is None
        kept = sandbox.world.messages[sandbox.channel("studio").id]
        assert len(answered) >= 60
        assert {int(number) for number in answered} <= set(kept)


@pytest.mark.parametrize("harm", ["bytes", *HARM])
async def test_a_chat_that_cannot_be_read_is_kept_aside(tmp_path: Path, harm: str) -> None:
    """Damaged, or of a newer release: a sentence says so, the files are still there, and a new chat begins."""
    folder = tmp_path / "chat"
    async with chat(folder) as (_, bot, _):
        await bot.post_message({"content": "precious"})
    if harm == "bytes":
        (folder / "chat.sqlite").write_bytes(b"not a database" * 1000)
    else:
        with closing(sqlite3.connect(folder / "chat.sqlite", isolation_level=None)) as connection:
            connection.execute(HARM[harm])
    async with chat(folder) as (sandbox, bot, ada):
        assert not ada.messages
        (aside,) = tmp_path.glob("chat.unreadable-*")  # noqa: ASYNC240
        reason = "a newer release of Easel has written it" if harm == "newer" else "it is damaged"
        assert sandbox.notice == f"The chat could not be read: {reason}. It is kept in {aside}, and a new one begins."
        await ada.say("new")
    if harm == "newer":
        with closing(sqlite3.connect(aside / "chat.sqlite")) as connection:
            assert "precious" in str(connection.execute("SELECT body FROM records").fetchall())
    async with chat(folder) as (sandbox, _, ada):
        assert ([item["content"] for item in ada.messages.values()], sandbox.notice) == (["new"], None)


async def test_a_fresh_chat_is_empty_and_the_old_one_stays_aside(tmp_path: Path) -> None:
    """`is_fresh` starts anew, once; two sandboxes never share a folder."""
    async with chat(tmp_path / "chat") as (_, _, ada):
        await ada.say("old")
        with pytest.raises(ChatInUse):
            async with serve(folder=tmp_path / "chat"):
                pass
    async with chat(tmp_path / "chat", is_fresh=True) as (_, _, ada):
        assert not ada.messages
    async with chat(tmp_path / "chat.previous") as (_, _, ada):
        assert [item["content"] for item in ada.messages.values()] == ["old"]


async def test_interactions_are_forgotten_when_nothing_needs_them(tmp_path: Path) -> None:
    """Those with an expired token that no message names; a message keeps telling who used which command."""
    clock = ManualClock()
    async with chat(tmp_path / "chat", clock=clock) as (sandbox, bot, ada):
        used = await commanded(bot, ada)
        silent = await ada.command("imagine", prompt="no answer")
        clock.advance(TOKEN_LIFETIME)
        forget_old_interactions(sandbox.world)
        assert set(sandbox.world.interactions) == {used["id"], int(silent.interaction_id)}
        clock.advance(TOKEN_LIFETIME)
        forget_old_interactions(sandbox.world)
        assert set(sandbox.world.interactions) == {used["id"]}


async def test_ids_never_go_back(tmp_path: Path) -> None:
    """A clock that was ahead before the restart is no reason to give an id twice, or a smaller one."""
    ahead = ManualClock()
    ahead.advance(timedelta(hours=1))
    async with chat(tmp_path / "chat", clock=ahead) as (_, _, ada):
        first, second = [int((await ada.say(text))["id"]) for text in "ab"]
        await ada.delete(ada.messages[str(second)])
    async with chat(tmp_path / "chat") as (_, _, ada):
        assert int((await ada.say("c"))["id"]) > second > first


async def test_what_cannot_be_stored_at_the_moment_is_stored_later(tmp_path: Path) -> None:
    """While the folder takes no files, the chat goes on; what it was told then is there after the restart."""
    files, away = tmp_path / "chat" / "files", tmp_path / "away"
    async with chat(tmp_path / "chat") as (_, bot, ada):
        await asyncio.to_thread(files.rename, away)
        await asyncio.to_thread(files.write_text, "in the way")
        posted = await bot.post_message({"content": "a"}, files=[("a.png", b"pixels")])
        assert (posted.status, (await ada.say("b"))["content"]) == (200, "b")
        assert await ada.file(posted.body["attachments"][0]) == b"pixels"
        await asyncio.to_thread(files.unlink)
        await asyncio.to_thread(away.rename, files)
    async with chat(tmp_path / "chat") as (_, _, ada):
        assert [item["content"] for item in ada.messages.values()] == ["a", "b"]
        assert await ada.file(ada.messages[posted.body["id"]]["attachments"][0]) == b"pixels"
