"""What members may do with threads and forum posts, and what they are told when they may not."""

from collections.abc import Awaitable

import pytest

from sandbox.chat.test_client import MemberClient, RequestRefused
from sandbox.server import Sandbox
from tests.sandbox.raw_bot import RawBot


async def refusal(action: Awaitable[object]) -> str:
    with pytest.raises(RequestRefused) as refused:
        await action
    return refused.value.message


async def test_everybody_sees_a_new_thread_and_writes_there(ada: MemberClient, ben: MemberClient) -> None:
    """Clients that are connected know it by its name until it is deleted."""
    opened = await ben.open_thread("sketches")
    await ada.wait_for(lambda event: event.kind == "THREAD_CREATE" and event.body["id"] == opened["id"])
    assert (await ada.say("hello", channel="sketches"))["channel_id"] == opened["id"]
    await ben.message(lambda item: item["content"] == "hello")
    await ada.delete_thread(opened)
    await ben.wait_for(lambda event: event.kind == "THREAD_DELETE")
    assert "sketches" not in ben.channels


async def test_members_manage_their_own_threads_and_moderators_all(
    sandbox: Sandbox, ada: MemberClient, ben: MemberClient, cleo: MemberClient
) -> None:
    await ben.open_thread("sketches")
    await cleo.wait_for(lambda event: event.kind == "THREAD_CREATE")
    for action in (cleo.archive("sketches"), ben.lock("sketches"), ben.delete_thread("sketches")):
        assert await refusal(action) == "Missing Permissions"
    await ben.archive("sketches")
    await cleo.say("reopened", channel="sketches")
    await ada.lock("sketches")
    assert await refusal(ben.say("no", channel="sketches")) == "Thread is locked"
    await ada.say("moderators may", channel="sketches")
    thread = sandbox.channel("sketches").thread
    assert thread is not None
    assert (thread.archived, thread.locked) == (False, True)


async def test_an_archived_thread_takes_messages_alone(raw: RawBot, ben: MemberClient) -> None:
    """Neither commands nor reactions, until somebody writes."""
    await raw.call(
        "PUT", f"/applications/{raw.sandbox.world.application.id}/commands", [{"name": "a", "description": "d"}]
    )
    await ben.open_thread("sketches")
    said = await ben.say("first", channel="sketches")
    await ben.archive("sketches")
    assert await refusal(ben.command("a", channel="sketches")) == "Thread is archived"
    assert await refusal(ben.react(said, "❤")) == "Thread is archived"
    await ben.say("again", channel="sketches")
    await ben.command("a", channel="sketches")


async def test_a_forum_takes_posts_alone(ada: MemberClient, ben: MemberClient) -> None:
    """Others write in a post once its author has begun."""
    assert await refusal(ben.say("hello", channel="showcase")) == "Cannot send messages in a non-text channel"
    post = await ben.open_post("foxes", content=None)
    waiting = await refusal(ada.say("first!", channel=post["id"]))
    assert waiting == "Cannot message this thread until after the post author has sent an initial message."
    await ben.say("Look", channel="foxes")
    await ada.say("second", channel=post["id"])


async def test_threads_are_opened_where_they_belong(ben: MemberClient) -> None:
    await ben.open_thread("sketches")
    for channel in ("sketches", "dm"):
        assert await refusal(ben.open_thread("deeper", channel=channel)) == "Cannot execute action on this channel type"
    assert await refusal(ben.open_thread("x" * 101)) == "The name must be 1 to 100 characters."
    assert await refusal(ben.archive(ben.channels["studio"])) == "Cannot execute action on this channel type"


async def test_a_new_client_knows_the_threads(sandbox: Sandbox, raw: RawBot, ben: MemberClient) -> None:
    """The state lists threads with their parent and whether they are archived."""
    opened = await ben.open_thread("sketches")
    await ben.archive("sketches")
    async with raw.http.get(f"{sandbox.url}/sandbox/state", params={"member": ben.id}) as response:
        listed = {item["id"]: item for item in (await response.json())["channels"]}
    found = listed[opened["id"]]
    assert (found["kind"], found["parent_id"]) == ("thread", ben.channels["studio"])
    assert (found["archived"], found["locked"]) == (True, False)
