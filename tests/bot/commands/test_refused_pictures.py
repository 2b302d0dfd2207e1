"""Pictures in prompts that are not taken: the member alone is told what is wrong with each, and nothing is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.replies.appeal_replies import APPEAL_LABEL
from bot.replies.upload_replies import CUT_SHORT
from engine.store.database import Database
from sandbox.chat.test_client import FileOption, MemberClient, SentInteraction
from sandbox.server import Sandbox
from tests.bot.commands.conftest import Pages
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, labels, shown_by_bot, text_of
from tests.bot.test_moderation import safety
from tests.engine.uploads.pictures import WHOLE, encoded, film, huge, photo

EPHEMERAL, LOADING = 64, 128


@pytest.fixture
async def bot(start_bot: BotStarter, sandbox: Sandbox, pages: Pages) -> AsyncIterator[asyncio.Task[None]]:
    """A bot that may fetch from the sandbox and from the pages."""
    async with start_bot(upload_origins=frozenset({sandbox.url, pages.origin})) as task:
        yield task


async def refused(member: MemberClient, pressed: SentInteraction, sentence: str) -> str:
    """Return what the member alone is told; nothing else of this interaction is shown."""
    told = await member.reply(pressed)
    assert told["flags"] & EPHEMERAL and sentence in text_of(told)
    of_this = [item["id"] for item in member.messages.values() if is_answer_to(item, pressed)]
    assert of_this == [told["id"]]
    return text_of(told)


def is_answer_to(message: Message, pressed: SentInteraction) -> bool:
    """Return whether the message answers that interaction."""
    return bool(message.get("interaction_metadata", {}).get("id") == pressed.interaction_id)


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "a.gif": (lambda: film("GIF"), "This picture is animated."),
    "huge.png": (huge, "more than 64 million pixels"),
    "cut.png": (lambda: encoded(photo(), "PNG")[:3000], "damaged or incomplete"),
    "text.png": (lambda: b"no picture at all", "not a picture that I can read"),
    "dot.png": (lambda: encoded(photo(8), "PNG"), "smaller than 16 x 16"),
}


async def test_what_is_wrong_with_a_picture_is_said_under_its_name(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand, pages: Pages, database: Database
) -> None:
    """Every one of them at once, to the member alone; no job is queued and nothing is kept."""
    for name, (make, sentence) in REFUSED.items():
        files: dict[str, Any] = {"image": FileOption(name="fine.png", content=WHOLE["photo.png"]())}
        files["image2"] = FileOption(name=name, content=make())
        told = await refused(ben, await ben.command("imagine", prompt="a red circle", **files), sentence)
        assert f"In the option image2:\n{name}\n{'^' * len(name)}" in told and "fine.png" not in told
    links = {
        "http://127.0.0.1:9/a.png": "This link leads into a private network.",
        f"{pages.origin}/moved.png": "This link leads into a private network.",
        f"{pages.origin}/gone.png": "There is no picture at this link.",
        f"{pages.origin}/moving.png": "This picture is animated.",
        "https://nobody.invalid/a.png": "does not answer",
    }
    for address, sentence in links.items():
        told = await refused(ben, await ben.command("imagine", prompt=f"a cat {address} a dog"), sentence)
        assert "^^^" in told
    told = await refused(ben, await ben.command("imagine", prompt=" ".join(links)), "does not answer")
    assert sum(set(line) <= set("^ ") for line in told.splitlines() if line) == len(links)
    assert await hand.jobs() == []
    async with database.begin() as connection:
        assert (await connection.execute(sa.text("SELECT count(*) FROM uploads"))).scalar_one() == 0


@pytest.mark.parametrize("is_private", [False, True])
async def test_what_is_refused_late_is_told_to_the_member_alone(
    bot: asyncio.Task[None], ben: MemberClient, cleo: MemberClient, hand: EngineHand, pages: Pages, is_private: bool
) -> None:
    """All who saw that an answer is coming see it gone; of private work they saw nothing."""
    pressed = await ben.command("imagine", prompt=f"{pages.origin}/late.png a cat", private=is_private)
    waiting = await ben.message(lambda item: is_answer_to(item, pressed))
    assert waiting["flags"] & LOADING
    if not is_private:
        await cleo.changed(waiting, lambda item: item["flags"] & LOADING)
    pages.may_answer.set()
    await refused(ben, pressed, "There is no picture at this link.")
    await cleo.until(lambda: not shown_by_bot(cleo))
    assert await hand.jobs() == []


@pytest.mark.parametrize("is_private", [False, True])
async def test_a_late_refusal_of_the_words_can_be_appealed(
    bot: asyncio.Task[None], ada: MemberClient, ben: MemberClient, pages: Pages, is_private: bool
) -> None:
    """The words are forbidden, not the picture, which was taken meanwhile."""
    await safety(ada, "words", "add", words="gore")
    pressed = await ben.command("imagine", prompt=f"{pages.origin}/slow.png full of gore", private=is_private)
    await ben.message(lambda item: is_answer_to(item, pressed) and item["flags"] & LOADING)
    pages.may_answer.set()
    told = await ben.reply(pressed)
    assert told["flags"] & EPHEMERAL and labels(told) == [[str(APPEAL_LABEL)]]


async def test_a_bot_that_stops_meanwhile_says_so(
    start_bot: BotStarter, ben: MemberClient, hand: EngineHand, pages: Pages
) -> None:
    """Nothing was queued, and the member is not left waiting."""
    async with start_bot(upload_origins=frozenset({pages.origin}), answer_timeout=timedelta(seconds=3)):
        pressed = await ben.command("imagine", prompt=f"{pages.origin}/silent.png a cat")
        async with asyncio.timeout(30):
            await pages.is_asked.wait()
    answer = await ben.reply(pressed)
    assert text_of(answer) == str(CUT_SHORT)
    assert await hand.jobs() == []
