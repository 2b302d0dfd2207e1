"""Threads and forum posts over REST: permissions, and what archived, locked and unbegun ones take from the bot."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.chat.test_client import MemberClient, SentInteraction
from sandbox.server import Sandbox
from sandbox.state.flags import Permissions
from sandbox.state.records import ThreadState
from tests.sandbox.raw_bot import RawBot, RawResponse
from tests.sandbox.raw_gateway import RawSocket, raw_socket

COMMAND = {"name": "imagine", "description": "d"}
BUTTON = {"type": 1, "components": [{"type": 2, "style": 2, "label": "On", "custom_id": "on"}]}


@dataclass(frozen=True, kw_only=True)
class Place:
    """A thread in which the bot has one message and has answered one command."""

    raw: RawBot
    thread: dict[str, Any]
    message: dict[str, Any]
    sent: SentInteraction

    @property
    def state(self) -> ThreadState:
        """The thread's state now."""
        state = self.raw.sandbox.world.channels[int(self.thread["id"])].thread
        assert state is not None
        return state

    @property
    def webhook(self) -> str:
        """The path of the interaction's webhook."""
        token = self.raw.sandbox.world.interactions[int(self.sent.interaction_id)].token
        return f"/webhooks/{self.raw.sandbox.world.application.id}/{token}"

    @property
    def messages(self) -> str:
        """The path of the thread's messages."""
        return f"/channels/{self.thread['id']}/messages"


async def command(raw: RawBot, member: MemberClient, channel: str) -> SentInteraction:
    await raw.call("PUT", f"/applications/{raw.sandbox.world.application.id}/commands", [COMMAND])
    return await member.command("imagine", channel=channel)


async def respond(raw: RawBot, sent: SentInteraction, kind: int = 4, **data: Any) -> RawResponse:
    token = raw.sandbox.world.interactions[int(sent.interaction_id)].token
    answer = {"type": kind, "data": data}
    return await raw.call("POST", f"/interactions/{sent.interaction_id}/{token}/callback", answer)


@pytest.fixture
async def place(raw: RawBot, ben: MemberClient) -> Place:
    thread = await ben.open_thread("sketches")
    posted = await raw.post_message({"content": "posted", "components": [BUTTON]}, channel="sketches")
    assert posted.status == 200, posted.body
    sent = await command(raw, ben, "sketches")
    assert (await respond(raw, sent, content="answered")).status == 204
    return Place(raw=raw, thread=thread, message=posted.body, sent=sent)


@pytest.fixture
async def socket(sandbox: Sandbox) -> AsyncIterator[RawSocket]:
    async with raw_socket(sandbox) as connected:
        await connected.identify()
        await connected.until("GUILD_CREATE")
        yield connected


async def edits(place: Place) -> list[RawResponse]:
    """Everything that changes an existing message, by id and through the webhook."""
    one, heart = f"{place.messages}/{place.message['id']}", "%E2%9D%A4"
    return [
        await place.raw.call("PATCH", one, {"content": "edited"}),
        await place.raw.call("PATCH", f"{place.webhook}/messages/@original", {"content": "edited"}),
        await place.raw.call("PUT", f"{one}/reactions/{heart}/@me"),
        await place.raw.call("DELETE", f"{one}/reactions/{heart}/@me"),
        await place.raw.call("DELETE", f"{one}/reactions"),
    ]


async def test_an_active_thread_takes_everything(place: Place) -> None:
    assert [answer.status for answer in await edits(place)] == [200, 200, 204, 204, 204]
    assert (await place.raw.call("POST", f"/channels/{place.thread['id']}/typing")).status == 204


async def test_an_archived_thread_takes_no_changes(place: Place, ben: MemberClient) -> None:
    """50083 for edits and reactions; messages can still be read and deleted, and the thread stays archived."""
    await ben.archive("sketches")
    assert {(answer.status, answer.code) for answer in await edits(place)} == {(400, 50083)}
    one = f"{place.messages}/{place.message['id']}"
    assert (await place.raw.call("GET", one)).body["content"] == "posted"
    assert (await place.raw.call("DELETE", one)).status == 204
    assert (await place.raw.call("DELETE", f"{place.webhook}/messages/@original")).status == 204
    assert place.state.archived


async def test_a_post_unarchives_a_thread(place: Place, ben: MemberClient, socket: RawSocket) -> None:
    """THREAD_UPDATE comes before the message, which can then be edited."""
    await ben.archive("sketches")
    assert (await socket.until("THREAD_UPDATE"))["thread_metadata"]["archived"]
    posted = await place.raw.post_message({"content": "again"}, channel="sketches")
    events = [await socket.receive() for _ in range(2)]
    assert [event["t"] for event in events] == ["THREAD_UPDATE", "MESSAGE_CREATE"]
    assert not events[0]["d"]["thread_metadata"]["archived"]
    assert events[0]["d"]["thread_metadata"]["archive_timestamp"] > place.thread["thread_metadata"]["archive_timestamp"]
    assert (await place.raw.call("PATCH", f"{place.messages}/{posted.body['id']}", {"content": "x"})).status == 200


async def test_a_followup_unarchives_a_thread_and_an_ephemeral_one_does_not(place: Place, ben: MemberClient) -> None:
    await ben.archive("sketches")
    assert (await place.raw.call("POST", place.webhook, {"content": "x", "flags": 64})).status == 200
    assert place.state.archived
    assert (await place.raw.call("POST", place.webhook, {"content": "x"})).status == 200
    assert not place.state.archived


async def test_an_update_of_a_pressed_message_is_refused_once_its_thread_is_archived(
    place: Place, ben: MemberClient
) -> None:
    pressed = await ben.press(await ben.changed(place.message, lambda item: True), "On")
    await ben.archive("sketches")
    refused = await respond(place.raw, pressed, 7, content="pressed")
    assert (refused.status, refused.code) == (400, 50083)
    assert (await respond(place.raw, pressed, 4, content="anew")).status == 204


async def test_a_locked_thread_takes_nothing(place: Place, ada: MemberClient, ben: MemberClient) -> None:
    """160005 for posts and 50083 for edits; responses to its interactions are refused too, unless ephemeral."""
    late = await command(place.raw, ben, "sketches")
    await ada.lock("sketches")
    post = await place.raw.post_message({"content": "x"}, channel="sketches")
    assert (post.status, post.code) == (400, 160005)
    assert {answer.code for answer in await edits(place)} == {50083}
    assert (await respond(place.raw, late, content="x")).code == 50083
    assert (await respond(place.raw, late, 5)).code == 50083
    assert (await place.raw.call("POST", place.webhook, {"content": "x"})).code == 50083
    assert (await respond(place.raw, late, content="x", flags=64)).status == 204
    assert (place.state.archived, place.state.locked) == (True, True)


async def test_a_thread_that_is_locked_but_active_takes_no_messages_and_no_edits(
    place: Place, ada: MemberClient
) -> None:
    await ada.lock("sketches", archives=False)
    assert [answer.status for answer in await edits(place)] == [400, 400, 204, 204, 204]
    post = await place.raw.post_message({"content": "x"}, channel="sketches")
    assert (post.status, post.code) == (400, 160005)


async def test_a_thread_needs_its_own_permission(place: Place, sandbox: Sandbox) -> None:
    """A thread has its parent's permissions, and SEND_MESSAGES_IN_THREADS stands for SEND_MESSAGES."""
    sandbox.deny("studio", Permissions.SEND_MESSAGES)
    assert (await place.raw.post_message({"content": "x"}, channel="sketches")).status == 200
    assert (await place.raw.post_message({"content": "x"})).code == 50013
    sandbox.deny("studio", Permissions.SEND_MESSAGES_IN_THREADS)
    assert (await place.raw.post_message({"content": "x"}, channel="sketches")).code == 50013
    assert (await place.raw.post_message({"content": "x"})).status == 200


async def test_a_forum_takes_posts_and_no_messages(raw: RawBot) -> None:
    """50008 for a message to the forum itself."""
    refused = await raw.post_message({"content": "x"}, channel="showcase")
    assert (refused.status, refused.code) == (400, 50008)


async def test_a_post_begins_with_its_author(raw: RawBot, ben: MemberClient) -> None:
    """40058 until the first message is there; that has the post's id."""
    post = await ben.open_post("foxes", content=None)
    refused = await raw.post_message({"content": "x"}, channel="foxes")
    assert (refused.status, refused.code) == (400, 40058)
    first = await ben.say("Look", channel="foxes")
    assert first["id"] == post["id"]
    assert (await raw.post_message({"content": "x"}, channel="foxes")).status == 200
    await ben.delete(first)
    assert (await raw.post_message({"content": "x"}, channel="foxes")).status == 200


async def test_a_deleted_thread_is_an_unknown_channel(place: Place, ada: MemberClient, ben: MemberClient) -> None:
    """10003 also for responses to interactions that came from there, and for followups."""
    late = await command(place.raw, ben, "sketches")
    await ada.delete_thread("sketches")
    assert (await place.raw.call("POST", place.messages, {"content": "x"})).code == 10003
    assert (await place.raw.call("PATCH", f"{place.messages}/{place.message['id']}", {"content": "x"})).code == 10003
    assert (await respond(place.raw, late, content="x")).code == 10003
    assert (await place.raw.call("POST", place.webhook, {"content": "x"})).code == 10003


async def test_a_deleted_channel_takes_its_threads_with_it(place: Place, sandbox: Sandbox, ben: MemberClient) -> None:
    sandbox.world.remove_channel(sandbox.channel("studio").id)
    assert (await place.raw.call("GET", f"/channels/{place.thread['id']}")).code == 10003
    await ben.wait_for(lambda event: event.kind == "THREAD_DELETE" and event.body["id"] == place.thread["id"])


async def test_threads_are_announced(sandbox: Sandbox, socket: RawSocket, ada: MemberClient, ben: MemberClient) -> None:
    """THREAD_CREATE, THREAD_UPDATE and THREAD_DELETE; a new session gets the active threads."""
    opened = await ben.open_thread("sketches")
    created = await socket.until("THREAD_CREATE")
    assert (created["id"], created["parent_id"], created["newly_created"]) == (opened["id"], opened["parent_id"], True)
    await ben.open_post("foxes")
    await ben.archive("sketches")
    async with raw_socket(sandbox) as late:
        await late.identify()
        guild = await late.until("GUILD_CREATE")
    assert [thread["name"] for thread in guild["threads"]] == ["foxes"]
    assert "foxes" not in [channel["name"] for channel in guild["channels"]]
    await ada.delete_thread("sketches")
    deleted = await socket.until("THREAD_DELETE")
    expected = {"id": opened["id"], "guild_id": opened["guild_id"], "parent_id": opened["parent_id"], "type": 11}
    assert deleted == expected


async def test_the_bot_opens_threads_and_posts(raw: RawBot, sandbox: Sandbox) -> None:
    """In a channel, about a message (with its id, once) and in a forum with the first message, or not at all."""
    studio, showcase = (f"/channels/{sandbox.channel(name).id}" for name in ("studio", "showcase"))
    own = await raw.call("POST", f"{studio}/threads", {"name": "own", "type": 11, "auto_archive_duration": 60})
    assert (own.status, own.body["thread_metadata"]["auto_archive_duration"]) == (201, 60)
    message = (await raw.post_message({"content": "x"})).body
    about = f"{studio}/messages/{message['id']}/threads"
    assert (await raw.call("POST", about, {"name": "about it"})).body["id"] == message["id"]
    assert (await raw.call("GET", f"{studio}/messages/{message['id']}")).body["flags"] == 1 << 5
    assert (await raw.call("POST", about, {"name": "again"})).code == 160004
    post = await raw.call("POST", f"{showcase}/threads", {"name": "post", "message": {"content": "first"}})
    first = await raw.call("GET", f"/channels/{post.body['id']}/messages/{post.body['id']}")
    assert first.body["content"] == "first"
    before = set(sandbox.world.channels)
    assert (await raw.call("POST", f"{showcase}/threads", {"name": "post", "message": {"content": ""}})).code == 50006
    for path, body in (
        (f"{showcase}/threads", {"name": "post"}),
        (f"{studio}/threads", {"name": "", "type": 11}),
        (f"{studio}/threads", {"name": "private"}),
        (f"{studio}/threads", {"name": "n", "type": 11, "auto_archive_duration": 61}),
    ):
        assert (await raw.call("POST", path, body)).code == 50035
    assert (await raw.call("POST", f"/channels/{own.body['id']}/threads", {"name": "deeper"})).code == 50024
    assert set(sandbox.world.channels) == before


async def test_the_bot_changes_its_own_threads(raw: RawBot, ben: MemberClient, sandbox: Sandbox) -> None:
    """It may unarchive any thread that is not locked; locking, and channels, are for others."""
    studio = f"/channels/{sandbox.channel('studio').id}"
    own = f"/channels/{(await raw.call('POST', f'{studio}/threads', {'name': 'own', 'type': 11})).body['id']}"
    changed = await raw.call("PATCH", own, {"name": "renamed", "archived": True})
    assert (changed.body["name"], changed.body["thread_metadata"]["archived"]) == ("renamed", True)
    assert (await raw.call("PATCH", own, {"name": "again"})).code == 50083
    assert (await raw.call("PATCH", own, {"name": "again", "archived": False})).body["name"] == "again"
    other = f"/channels/{(await ben.open_thread('sketches'))['id']}"
    assert (await raw.call("PATCH", other, {"archived": True})).code == 50013
    await ben.archive("sketches")
    assert (await raw.call("PATCH", other, {"archived": False})).status == 200
    assert (await raw.call("PATCH", own, {"locked": True})).code == 50013
    assert (await raw.call("PATCH", studio, {"name": "x"})).code == 50013
    dm = f"/channels/{next(item.id for item in sandbox.world.channels.values() if item.recipient_id)}"
    assert (await raw.call("PATCH", dm, {"name": "x"})).code == 50003
