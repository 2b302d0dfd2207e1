"""What members and others get wrong: each is answered with a sentence that says what to do, and nothing is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from bot import replies
from bot.policy.quotas import MAX_PENDING
from bot.serve import BotOptions, serve
from engine.contract.errors import PictureStoreUnavailable, SettingsInvalid
from engine.contract.ids import new_id
from engine.contract.jobs import JobStatus
from engine.store.database import Database
from engine.store.objects import Objects, open_objects
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from sandbox.state.flags import Permissions
from tests.bot.discord_hand import post_buttons
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import text_of
from tests.s3_server import open_s3

EPHEMERAL = 64

PROMPTS = {
    "empty": ("   ", "The prompt has no words."),
    "only flags": ("--ar 3:2", "^"),
    "too long": ("a " * 3000, "6,000"),
    "unknown flag": ("a cat --wat 5", "^^^"),
    "bad value": ("a cat --seed banana", "^^^"),
    "out of range": ("a cat --seed 99999999999", "^^^"),
}


@pytest.mark.parametrize(("prompt", "said"), PROMPTS.values(), ids=PROMPTS)
async def test_a_wrong_prompt_is_answered_with_what_is_wrong_and_where(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand, prompt: str, said: str
) -> None:
    """The answer is for its member alone, in a code block with a caret, and no job is made."""
    more = {"negative": "b" * 1000} if len(prompt) > 5000 else {}
    answer = await ben.reply(await ben.command("imagine", prompt=prompt, **more))
    assert answer["flags"] & EPHEMERAL
    assert text_of(answer).startswith("```\n")
    assert said in text_of(answer)
    assert await hand.jobs() == []


async def test_a_binary_prompt_neither_breaks_nor_leaks(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand
) -> None:
    """Control characters, which Postgres would refuse, are refused or cleaned before they get there."""
    answer = await ben.reply(await ben.command("imagine", prompt="\x00\x01\x02\u202e\ufffd a cat \x7f"))
    assert text_of(answer) != str(replies.BROKEN)
    for job in await hand.jobs():
        assert "\x00" not in job.spec.prompt


async def test_a_prompt_of_six_thousand_characters_is_painted(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand
) -> None:
    """The whole prompt is kept; the message shows as much as fits."""
    prompt = ("word " * 1200).strip()
    waiting = await ben.reply(await ben.command("imagine", prompt=prompt))
    assert "…**" in text_of(waiting)
    assert (await hand.only_job()).spec.prompt == prompt


async def test_forged_and_foreign_buttons_are_answered(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand
) -> None:
    """A random job, indexes out of range, trailing junk, verbs and versions that are not, and ids of others."""
    job = new_id()
    known = [f"e1:up:{job}:1", f"e1:rate:{job}:4", f"e1:reroll:{job}", f"e1:cancel:{job}", f"e1:judge:{job}:11"]
    unknown = [f"e1:up:{job}:9", f"e1:up:{job}:1junk", f"e1:melt:{job}", f"e7:up:{job}:1", "MJ::JOB::upsample::1"]
    forged = await post_buttons(sandbox, "studio", known + unknown)
    for at, _ in enumerate(known):
        answer = await ben.reply(await ben.press(forged, f"B{at}"))
        assert text_of(answer) == "This was erased, so it can no longer be used. Use /imagine to start again."
    for at, _ in enumerate(unknown, len(known)):
        answer = await ben.reply(await ben.press(forged, f"B{at}"))
        assert text_of(answer) == str(replies.UNKNOWN_BUTTON)
        assert answer["flags"] & EPHEMERAL


async def test_buttons_of_a_grid_that_is_not_finished_wait_for_it(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand
) -> None:
    """Forged ids that name a real job find no picture, and nothing is stored."""
    await ben.reply(await ben.command("imagine", prompt="a cat"))
    job = await hand.only_job()
    ids = [f"e1:up:{job.id}:1", f"e1:vary:{job.id}:2", f"e1:rate:{job.id}:3", f"e1:judge:{job.id}:44"]
    forged = await post_buttons(sandbox, "studio", ids)
    for at, _ in enumerate(ids):
        answer = await ben.reply(await ben.press(forged, f"B{at}"))
        assert text_of(answer).startswith("This picture does not exist yet.")
    assert await hand.actions(job.id) == ()


async def test_cancelling_what_is_over_says_so(
    painted_grid: Callable[..., Any], sandbox: Sandbox, ben: MemberClient, hand: EngineHand
) -> None:
    """A Cancel that comes after the end changes nothing and stores nothing."""
    _, job, _ = await painted_grid()
    forged = await post_buttons(sandbox, "studio", [f"e1:cancel:{job.id}"])
    answer = await ben.reply(await ben.press(forged, "B0"))
    assert text_of(answer) == "This job has already finished."
    assert (await hand.job(job.id)).status is JobStatus.FINISHED
    assert await hand.actions(job.id) == ()


async def test_a_member_has_at_most_forty_unfinished_jobs(
    bot: asyncio.Task[None], ben: MemberClient, cleo: MemberClient, hand: EngineHand
) -> None:
    """One more is refused with the limit; another member is not affected."""
    await ben.reply(await ben.command("imagine", prompt="a cat --repeat 40", channel="dm"))
    assert len(await hand.jobs()) == MAX_PENDING
    answer = await ben.reply(await ben.command("imagine", prompt="a dog"))
    assert text_of(answer).startswith("You have reached the limit of 40 unfinished jobs.")
    await cleo.reply(await cleo.command("imagine", prompt="a dog"))
    assert len(await hand.jobs()) == MAX_PENDING + 1


async def test_where_the_bot_may_not_post_nothing_is_queued(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand
) -> None:
    """The member is told at once, and where else to go."""
    sandbox.deny("gallery", Permissions.SEND_MESSAGES)
    answer = await ben.reply(await ben.command("imagine", prompt="a cat", channel="gallery"))
    assert text_of(answer) == str(replies.CHANNEL_CLOSED)
    assert await hand.jobs() == []


async def test_a_picture_store_that_overwrites_is_refused_at_start(sandbox: Sandbox, database: Database) -> None:
    options = BotOptions(token=sandbox.token, api_url=sandbox.api_url)
    async with open_s3() as server:
        server.on_create = "overwrite"
        objects = open_objects("s3://bucket", endpoint=server.url, access_key_id="k", secret_access_key="s")
        with pytest.raises(PictureStoreUnavailable, match="overwrites"):
            await serve(options, database, objects, stop=asyncio.Event())


async def test_a_wrong_token_is_said_plainly(sandbox: Sandbox, database: Database, objects: Objects) -> None:
    """The operator reads what to do, and the token itself appears nowhere."""
    options = BotOptions(token="not.a.token", api_url=sandbox.api_url)
    with pytest.raises(SettingsInvalid) as refused:
        await serve(options, database, objects, stop=asyncio.Event())
    assert "Discord rejected DISCORD_TOKEN" in refused.value.problems[0]
    assert "not.a.token" not in str(refused.value) + repr(options)
