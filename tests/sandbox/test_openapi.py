"""The sandbox's whole REST against Discord's OpenAPI description, and the recorder that compares them."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from sandbox.chat.test_client import member_client
from sandbox.server import RESOURCES, Sandbox
from sandbox.state.clock import ManualClock
from sandbox.state.ratelimits import GLOBAL
from tests.sandbox.openapi import DESCRIPTION, OpenApiRecorder, description
from tests.sandbox.raw_bot import RawBot

pytestmark = pytest.mark.skipif(
    not DESCRIPTION.exists(), reason="Discord's OpenAPI description is not beside the repository"
)

COMMAND = {"name": "imagine", "description": "d", "options": [{"type": 3, "name": "prompt", "description": "d"}]}


def every_route() -> set[str]:
    routes = [route for resource in RESOURCES for route in resource.routes]
    return {f"{route.method} {route.path}" for route in routes}


def test_every_route_is_one_of_discords() -> None:
    """Every route exists in Discord's API."""
    known = {f"{method.upper()} {path}" for path, methods in description()["paths"].items() for method in methods}
    assert every_route() - known == set()


@pytest.fixture
async def bot(still_sandbox: Sandbox) -> AsyncIterator[RawBot]:
    """A bare bot on a sandbox that is compared with the description."""
    async with aiohttp.ClientSession() as http:
        yield RawBot(http, still_sandbox)


async def walk_commands(bot: RawBot, base: str) -> None:
    assert (await bot.call("POST", base, COMMAND)).status == 201
    made = (await bot.call("POST", base, COMMAND)).body
    assert (await bot.call("PUT", base, [COMMAND])).body == [made]
    changed = (await bot.call("PATCH", f"{base}/{made['id']}", {"description": "new"})).body
    assert (changed["id"], int(changed["version"]) > int(made["version"])) == (made["id"], True)
    assert (await bot.call("GET", base)).body == [changed]
    assert (await bot.call("GET", f"{base}/{made['id']}")).body == changed
    assert (await bot.call("DELETE", f"{base}/{made['id']}")).status == 204
    assert (await bot.call("GET", f"{base}/{made['id']}")).code == 10063


async def walk_messages(bot: RawBot, channel: str) -> None:
    base = f"/channels/{channel}/messages"
    first, second, third = [(await bot.call("POST", base, {"content": str(n)})).body["id"] for n in range(3)]
    await bot.call("GET", base)
    await bot.call("PATCH", f"{base}/{first}", {"content": "x"})
    one = f"{base}/{first}/reactions/%F0%9F%99%82"
    for method, path in (("PUT", f"{one}/@me"), ("GET", one), ("DELETE", f"{one}/@me"), ("DELETE", one)):
        assert (await bot.call(method, path)).status < 300
    for path in (f"{one}/{bot.sandbox.world.bot.id}", f"{base}/{first}/reactions", f"{base}/{first}"):
        assert (await bot.call("DELETE", path)).status == 204
    assert (await bot.call("GET", f"{base}/{second}")).status == 200
    assert (await bot.call("POST", f"{base}/bulk-delete", {"messages": [second, third]})).status == 204
    assert (await bot.call("POST", f"/channels/{channel}/typing")).status == 204


async def walk_threads(bot: RawBot, guild: int) -> None:
    async with member_client(bot.sandbox.url, "ben") as ben:
        opened = [await ben.open_thread("sketches"), await ben.open_post("foxes"), await ben.open_thread("older")]
        await ben.archive("older")
        await ben.say("first", channel="sketches")
    for thread in opened:
        assert (await bot.call("GET", f"/channels/{thread['id']}")).body["parent_id"] == thread["parent_id"]
    active = (await bot.call("GET", f"/guilds/{guild}/threads/active")).body["threads"]
    assert [thread["name"] for thread in active] == ["sketches", "foxes"]
    await walk_messages(bot, opened[1]["id"])
    base = f"/channels/{opened[0]['parent_id']}"
    message = (await bot.call("POST", f"{base}/messages", {"content": "x"})).body["id"]
    for path, body in (
        (f"{base}/threads", {"name": "own", "type": 11, "auto_archive_duration": 60}),
        (f"{base}/messages/{message}/threads", {"name": "about it"}),
        (f"/channels/{opened[1]['parent_id']}/threads", {"name": "post", "message": {"content": "x"}}),
    ):
        made = await bot.call("POST", path, body)
        assert made.status == 201, made.body
        assert (await bot.call("PATCH", f"/channels/{made.body['id']}", {"archived": True})).status == 200


async def walk_interaction(bot: RawBot) -> None:
    application = bot.sandbox.world.application.id
    await bot.call("PUT", f"/applications/{application}/commands", [COMMAND])
    async with member_client(bot.sandbox.url, "ben") as ben:
        pressed = await ben.command("imagine")
    token = bot.sandbox.world.interactions[int(pressed.interaction_id)].token
    answer = {"type": 4, "data": {"content": "x", "flags": 64}}
    path = f"/interactions/{pressed.interaction_id}/{token}/callback?with_response=true"
    assert (await bot.call("POST", path, answer)).status == 200
    webhook = f"/webhooks/{application}/{token}"
    followup = (await bot.call("POST", webhook, {"content": "x"})).body["id"]
    for message in (followup, "@original"):
        assert (await bot.call("GET", f"{webhook}/messages/{message}")).status == 200
        assert (await bot.call("PATCH", f"{webhook}/messages/{message}", {"content": "y"})).status == 200
        assert (await bot.call("DELETE", f"{webhook}/messages/{message}")).status == 204


async def test_every_route_answers_as_described(
    still_sandbox: Sandbox, bot: RawBot, recorder: OpenApiRecorder, clock: ManualClock
) -> None:
    """Each route is requested at least once, and each request and response matches the description."""
    world = still_sandbox.world
    guild, application, channel = next(iter(world.guilds)), world.application.id, still_sandbox.channel("studio").id
    for path in (
        *("/gateway", "/gateway/bot", "/users/@me", "/users/@me/guilds", f"/users/{world.application.owner_id}"),
        *("/applications/@me", "/oauth2/applications/@me", f"/channels/{channel}"),
        *(f"/guilds/{guild}?with_counts=true", f"/guilds/{guild}/channels", f"/guilds/{guild}/roles"),
        *(f"/guilds/{guild}/members?limit=10", f"/guilds/{guild}/members/{world.application.owner_id}"),
    ):
        assert (await bot.call("GET", path)).status == 200
    dm = await bot.call("POST", "/users/@me/channels", {"recipient_id": str(world.application.owner_id)})
    assert dm.body["type"] == 1
    await walk_commands(bot, f"/applications/{application}/commands")
    await walk_commands(bot, f"/applications/{application}/guilds/{guild}/commands")
    await walk_messages(bot, str(channel))
    await walk_interaction(bot)
    clock.advance(GLOBAL.window)
    await walk_threads(bot, guild)
    assert every_route() - recorder.seen == set()


async def test_the_recorder_notices_what_differs(
    still_sandbox: Sandbox, bot: RawBot, recorder: OpenApiRecorder
) -> None:
    """It reports a wrong query and a wrong body, and nothing for a valid request."""
    channel = still_sandbox.channel("studio").id
    await bot.call("GET", f"/channels/{channel}/messages")
    assert recorder.mismatches == []
    await bot.call("GET", f"/channels/{channel}/messages?odd=1")
    bodies: list[dict[str, Any]] = [{"content": "x", "shared_client_theme": 5}, {"content": "x", "sticker_ids": ["s"]}]
    for body in bodies:
        await bot.call("POST", f"/channels/{channel}/messages", body)
    assert len(recorder.mismatches) == 3
    recorder.mismatches.clear()
