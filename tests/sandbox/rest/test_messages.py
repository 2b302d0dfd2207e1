"""The messages resource, through discord.py and raw requests."""

import asyncio
import io

import discord
import pytest

from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from sandbox.state.flags import Permissions
from tests.sandbox.discord_py_client import RecordingBot, logged_in
from tests.sandbox.raw_bot import RawBot


async def studio(bot: RecordingBot, sandbox: Sandbox) -> discord.TextChannel:
    channel = bot.get_channel(sandbox.channel("studio").id)
    assert isinstance(channel, discord.TextChannel)
    return channel


async def test_history_pages_before_after_and_around(sandbox: Sandbox, raw: RawBot) -> None:
    """Lists are latest first, bounded by an id, and `around` has the message in the middle."""
    path = f"/channels/{sandbox.channel('studio').id}/messages"
    ids = [(await raw.post_message({"content": str(number)})).body["id"] for number in range(5)]

    async def listed(query: str) -> list[str]:
        return [message["content"] for message in (await raw.call("GET", f"{path}?{query}")).body]

    assert await listed("limit=2") == ["4", "3"]
    assert await listed(f"before={ids[2]}") == ["1", "0"]
    assert await listed(f"after={ids[2]}&limit=1") == ["3"]
    assert await listed(f"around={ids[2]}&limit=3") == ["3", "2", "1"]
    assert (await raw.call("GET", f"{path}?limit=101")).code == 50035


async def test_real_discord_py_writes_reads_and_deletes(sandbox: Sandbox, ada: MemberClient) -> None:
    """Send, reply, react, edit, fetch, delete: each reaches members and comes back as an event."""
    async with logged_in(sandbox, RecordingBot()) as bot:
        channel = await studio(bot, sandbox)
        first = await channel.send("first", embed=discord.Embed(title="t", description="d"))
        reply = await first.reply("second", mention_author=False)
        await bot.heard("message", lambda message: message.id == reply.id)
        assert (reply.reference and reply.reference.message_id) == first.id
        await first.add_reaction("🙂")
        await first.edit(content="changed", embed=None)
        fetched = await channel.fetch_message(first.id)
        assert (fetched.content, fetched.embeds, fetched.reactions[0].me) == ("changed", [], True)
        async with channel.typing():
            await ada.wait_for(lambda event: event.kind == "TYPING_START")
        await first.delete()
        await ada.wait_for(lambda event: event.kind == "MESSAGE_DELETE" and event.body["id"] == str(first.id))
        with pytest.raises(discord.NotFound) as missing:
            await channel.fetch_message(first.id)
        assert missing.value.code == 10008


async def test_bulk_delete_takes_two_to_a_hundred(sandbox: Sandbox, raw: RawBot, ada: MemberClient) -> None:
    """Members see each deletion; a single id is rejected."""
    ids = [(await raw.post_message({"content": str(number)})).body["id"] for number in range(3)]
    path = f"/channels/{sandbox.channel('studio').id}/messages/bulk-delete"
    assert (await raw.call("POST", path, {"messages": ids[:2]})).status == 204
    await ada.wait_for(lambda event: event.kind == "MESSAGE_DELETE" and event.body["id"] == ids[1])
    assert list(ada.messages) == [ids[2]]


async def test_an_enforced_nonce_posts_once(sandbox: Sandbox, raw: RawBot) -> None:
    """The same nonce twice returns the same message; without enforcement there are two."""
    body = {"content": "once", "nonce": "delivery-1", "enforce_nonce": True}
    answers = await asyncio.gather(*(raw.post_message(body) for _ in range(3)))
    assert len({answer.body["id"] for answer in answers}) == 1
    again = await raw.post_message(body | {"enforce_nonce": False})
    assert again.body["id"] != answers[0].body["id"]


async def test_an_edit_keeps_the_files_it_names(sandbox: Sandbox, raw: RawBot) -> None:
    """`attachments` in an edit lists the files to keep; new files are added; without it all stay."""
    message = (await raw.post_message({"content": "x"}, files=[("a.txt", b"a"), ("b.txt", b"b")])).body
    path = f"/channels/{message['channel_id']}/messages/{message['id']}"
    kept = {"attachments": [{"id": message["attachments"][1]["id"]}, {"id": "0", "description": "new"}]}
    changed = (await raw.call("PATCH", path, kept, files=[("c.txt", b"c")])).body
    names = [(item["filename"], item.get("description")) for item in changed["attachments"]]
    assert names == [("b.txt", None), ("c.txt", "new")]
    assert len((await raw.call("PATCH", path, {"content": "y"})).body["attachments"]) == 2
    assert len(list(sandbox.world.files)) == 2


async def test_an_embed_shows_its_upload_instead_of_the_list(raw: RawBot) -> None:
    """An `attachment://` image gets its URL in the embed, with its size in pixels."""
    embed = {"title": "grid", "image": {"url": "attachment://grid.png"}}
    message = (await raw.post_message({"embeds": [embed]}, files=[("grid.png", png(3, 2))])).body
    shown = message["embeds"][0]["image"]
    assert (message["attachments"], shown["width"], shown["height"]) == ([], 3, 2)
    async with raw.http.get(shown["url"]) as response:
        assert await response.read() == png(3, 2)


def png(width_px: int, height_px: int) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (width_px, height_px)).save(buffer, "PNG")
    return buffer.getvalue()


async def test_attachment_addresses_are_signed(sandbox: Sandbox, raw: RawBot) -> None:
    """A URL without its signature, or of a deleted message, returns 404."""
    message = (await raw.post_message({"content": "x"}, files=[("a.html", b"<script>")])).body
    url = message["attachments"][0]["url"]
    async with raw.http.get(url) as response:
        assert (response.status, response.headers["Content-Disposition"]) == (200, "attachment")
    async with raw.http.get(url.replace("hm=", "hm=0")) as response:
        assert response.status == 404
    await raw.call("DELETE", f"/channels/{message['channel_id']}/messages/{message['id']}")
    async with raw.http.get(url) as response:
        assert response.status == 404


async def test_direct_messages_open_and_arrive(sandbox: Sandbox, ben: MemberClient) -> None:
    """The bot opens a DM and writes; the member answers and the bot reads it without the content intent."""
    async with logged_in(sandbox, RecordingBot()) as bot:
        user = await bot.fetch_user(int(ben.id))
        sent = await user.send("hello")
        assert str(sent.channel.id) == ben.channels["dm"]
        await ben.message(lambda message: message["content"] == "hello")
        await ben.say("thanks", channel="dm")
        (heard,) = await bot.heard("message", lambda message: message.author.id == user.id)
        assert heard.content == "thanks"


async def test_content_is_hidden_without_its_intent(sandbox: Sandbox, ada: MemberClient) -> None:
    """In a guild the bot reads only messages that mention it."""
    async with logged_in(sandbox, RecordingBot()) as bot:
        await ada.say("secret")
        await ada.say(f"<@{sandbox.world.bot.id}> for you")
        (named,) = await bot.heard("message", lambda message: bool(message.mentions))
        (hidden,) = await bot.heard("message", lambda message: not message.mentions)
    assert (named.content, hidden.content) == (f"<@{sandbox.world.bot.id}> for you", "")


async def test_content_is_shown_with_its_intent(sandbox: Sandbox, ada: MemberClient) -> None:
    """The message content intent shows everything."""
    intents = discord.Intents.default()
    intents.message_content = True
    async with logged_in(sandbox, RecordingBot(intents=intents)) as bot:
        await ada.say("open")
        (heard,) = await bot.heard("message")
    assert heard.content == "open"


async def test_allowed_mentions_decide_who_is_named(sandbox: Sandbox, raw: RawBot, ada: MemberClient) -> None:
    """Mentions are parsed unless the bot forbids them."""
    body = {"content": f"<@{ada.id}> @everyone"}
    loud = (await raw.post_message(body)).body
    quiet = (await raw.post_message(body | {"allowed_mentions": {"parse": []}})).body
    assert ([user["username"] for user in loud["mentions"]], loud["mention_everyone"]) == (["ada"], True)
    assert (quiet["mentions"], quiet["mention_everyone"]) == ([], False)


async def test_a_read_only_channel_refuses_to_write(sandbox: Sandbox, raw: RawBot) -> None:
    """50013 without SEND_MESSAGES, 50001 without VIEW_CHANNEL, 10003 for an unknown channel."""
    channel_id = sandbox.channel("studio").id
    sandbox.deny("studio", Permissions.SEND_MESSAGES)
    assert (
        (await raw.post_message({"content": "x"})).code,
        (await raw.call("GET", f"/channels/{channel_id}")).status,
    ) == (
        50013,
        200,
    )
    sandbox.deny("studio", Permissions.VIEW_CHANNEL)
    assert (await raw.post_message({"content": "x"})).code == 50001
    assert (await raw.call("GET", "/channels/123")).code == 10003
    assert (await raw.call("GET", "/channels/here")).code == 50035


async def test_reactions_come_and_go(sandbox: Sandbox, ada: MemberClient, ben: MemberClient) -> None:
    """A member's reaction reaches the bot, and `me` is set for that member only."""
    async with logged_in(sandbox, RecordingBot()) as bot:
        message = await (await studio(bot, sandbox)).send("rate me")
        await ada.message(lambda item: item["id"] == str(message.id))
        await ada.react({"channel_id": str(message.channel.id), "id": str(message.id)}, "😍")
        (payload,) = await bot.heard("raw_reaction_add")
        assert (str(payload.emoji), str(payload.user_id)) == ("😍", ada.id)
        users = [user.name async for user in (await message.fetch()).reactions[0].users()]
        assert users == ["ada"]
        await message.clear_reactions()
        await ben.wait_for(lambda event: event.kind == "MESSAGE_REACTION_REMOVE")
