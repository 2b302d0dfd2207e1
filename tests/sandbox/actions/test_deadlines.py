"""Deadlines on a manual clock: responses in 3 seconds, followups in 15 minutes, URLs for 24 hours, rate limits."""

from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest

from sandbox.chat.test_client import MemberClient, SentInteraction, member_client
from sandbox.server import Sandbox
from sandbox.state.clock import ManualClock
from tests.sandbox.raw_bot import RawBot

ALMOST = timedelta(milliseconds=1)
MESSAGE = {"type": 4, "data": {"content": "here"}}


@pytest.fixture
async def raw(still_sandbox: Sandbox) -> AsyncIterator[RawBot]:
    """A bare bot with one command."""
    async with aiohttp.ClientSession() as http:
        bot = RawBot(http, still_sandbox)
        path = f"/applications/{still_sandbox.world.application.id}/commands"
        await bot.call("PUT", path, [{"name": "imagine", "description": "d"}])
        yield bot


@pytest.fixture
async def ada(still_sandbox: Sandbox, raw: RawBot) -> AsyncIterator[MemberClient]:
    """Ada."""
    async with member_client(still_sandbox.url, "ada") as somebody:
        yield somebody


def token_of(sandbox: Sandbox, pressed: SentInteraction) -> str:
    return sandbox.world.interactions[int(pressed.interaction_id)].token


def callback(sandbox: Sandbox, pressed: SentInteraction) -> str:
    return f"/interactions/{pressed.interaction_id}/{token_of(sandbox, pressed)}/callback"


def webhook(sandbox: Sandbox, pressed: SentInteraction) -> str:
    return f"/webhooks/{sandbox.world.application.id}/{token_of(sandbox, pressed)}"


async def test_an_answer_within_three_seconds_is_taken(
    still_sandbox: Sandbox, raw: RawBot, ada: MemberClient, clock: ManualClock
) -> None:
    """A response just before the deadline is accepted, and the member sees no failure."""
    pressed = await ada.command("imagine")
    clock.advance(timedelta(seconds=3) - ALMOST)
    assert (await raw.call("POST", callback(still_sandbox, pressed), MESSAGE)).status == 204
    clock.advance(timedelta(seconds=3))
    assert await ada.outcome(pressed) == "acknowledged"


async def test_after_three_seconds_the_application_did_not_respond(
    still_sandbox: Sandbox, raw: RawBot, ada: MemberClient, clock: ManualClock
) -> None:
    """The member sees the failure, and a late response gets 10062."""
    pressed = await ada.command("imagine")
    clock.advance(timedelta(seconds=3))
    assert await ada.outcome(pressed) == "failed"
    late = await raw.call("POST", callback(still_sandbox, pressed), MESSAGE)
    assert (late.status, late.code) == (404, 10062)
    assert ada.messages == {}


async def test_an_interaction_is_answered_once(still_sandbox: Sandbox, raw: RawBot, ada: MemberClient) -> None:
    """40060 for a second response; 10062 for a wrong token."""
    pressed = await ada.command("imagine")
    assert (await raw.call("POST", callback(still_sandbox, pressed)[:-20] + "x/callback", MESSAGE)).code == 10062
    assert (await raw.call("POST", callback(still_sandbox, pressed), MESSAGE)).status == 204
    assert (await raw.call("POST", callback(still_sandbox, pressed), MESSAGE)).code == 40060


async def test_a_token_is_good_for_fifteen_minutes(
    still_sandbox: Sandbox, raw: RawBot, ada: MemberClient, clock: ManualClock
) -> None:
    """After that, 50027 for followups and for the original; the message itself can still be edited by its id."""
    pressed = await ada.command("imagine")
    await raw.call("POST", callback(still_sandbox, pressed), MESSAGE)
    path = webhook(still_sandbox, pressed)
    clock.advance(timedelta(minutes=15) - ALMOST)
    original = await raw.call("PATCH", f"{path}/messages/@original", {"content": "still"})
    assert original.body["content"] == "still"
    clock.advance(ALMOST)
    refused = await raw.call("PATCH", f"{path}/messages/@original", {"content": "too late"})
    assert (refused.status, refused.code) == (401, 50027)
    assert (await raw.call("POST", path, {"content": "too late"})).code == 50027
    by_id = f"/channels/{original.body['channel_id']}/messages/{original.body['id']}"
    assert (await raw.call("PATCH", by_id, {"content": "by id"})).body["content"] == "by id"


async def test_followups_need_an_answer_first(still_sandbox: Sandbox, raw: RawBot, ada: MemberClient) -> None:
    """10015 before the response and for an unknown token; 10008 for a message of another interaction."""
    first, second = await ada.command("imagine"), await ada.command("imagine")
    assert (await raw.call("POST", webhook(still_sandbox, first), {"content": "x"})).code == 10015
    for pressed in (first, second):
        await raw.call("POST", callback(still_sandbox, pressed), MESSAGE)
    followup = (await raw.call("POST", webhook(still_sandbox, first), {"content": "x"})).body
    foreign = f"{webhook(still_sandbox, second)}/messages/{followup['id']}"
    assert (await raw.call("PATCH", foreign, {"content": "y"})).code == 10008
    own = f"{webhook(still_sandbox, first)}/messages/{followup['id']}"
    assert (await raw.call("DELETE", own)).status == 204
    assert (await raw.call("GET", own)).code == 10008


@pytest.mark.parametrize("kind", [6, 7, 8, 12])
async def test_an_answer_must_fit_its_interaction(
    still_sandbox: Sandbox, raw: RawBot, ada: MemberClient, kind: int
) -> None:
    """A command accepts no update, choices or activity; the interaction stays open."""
    pressed = await ada.command("imagine")
    answer = await raw.call("POST", callback(still_sandbox, pressed), {"type": kind, "data": {"choices": []}})
    assert answer.code == 50035
    assert (await raw.call("POST", callback(still_sandbox, pressed), {"type": 1})).status == 204


async def test_a_files_address_runs_out_after_a_day(still_sandbox: Sandbox, raw: RawBot, clock: ManualClock) -> None:
    """Expired URLs return 404, and the message then has a new one."""
    message = (await raw.post_message({}, files=[("a.txt", b"a")])).body
    clock.advance(timedelta(hours=24))
    async with raw.http.get(message["attachments"][0]["url"]) as response:
        assert response.status == 404
    again = await raw.call("GET", f"/channels/{message['channel_id']}/messages/{message['id']}")
    async with raw.http.get(again.body["attachments"][0]["url"]) as response:
        assert await response.read() == b"a"


async def test_a_bucket_empties_and_fills_again(still_sandbox: Sandbox, raw: RawBot, clock: ManualClock) -> None:
    """Five messages pass, the sixth gets 429 with the wait in body and headers; another channel has its own bucket."""
    answers = [await raw.post_message({"content": "x"}) for _ in range(6)]
    assert [answer.status for answer in answers] == [200] * 5 + [429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["4", "3", "2", "1", "0", "0"]
    refused = answers[-1]
    assert (refused.body["retry_after"], refused.body["global"], refused.headers["Retry-After"]) == (5, False, "5")
    assert refused.headers["X-RateLimit-Scope"] == "user"
    assert (await raw.post_message({"content": "x"}, channel="gallery")).status == 200
    clock.advance(timedelta(seconds=5))
    assert (await raw.post_message({"content": "x"})).status == 200


async def test_all_requests_together_are_limited(still_sandbox: Sandbox, raw: RawBot, clock: ManualClock) -> None:
    """Fifty per second over all routes; interaction callbacks do not count."""
    paths = ["/users/@me", "/gateway", "/applications/@me"]
    clock.advance(timedelta(seconds=1))
    answers = [await raw.call("GET", paths[number % 3]) for number in range(51)]
    assert [answer.status for answer in answers] == [200] * 50 + [429]
    assert answers[-1].body["global"] is True
    assert answers[-1].headers["X-RateLimit-Global"] == "true"
    assert (await raw.call("POST", "/webhooks/1/token", {"content": "x"})).code == 10015
