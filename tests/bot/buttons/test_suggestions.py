"""Suggested prompts: for a picture, and shorter ones for a prompt; each is painted by a button."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from bot import replies
from bot.cards import MAX_CONTENT, length
from bot.replies import suggestion_replies
from engine.contract.feedback import Verb
from engine.contract.jobs import Job, Operation
from engine.contract.suggestions import Suggestions, WeighedWord, text_from_suggestions
from engine.prompt import Limits, ModelCapabilities
from engine.store.transitions import finish_job
from sandbox.chat.test_client import FileOption, MemberClient
from sandbox.server import Sandbox
from tests.bot.buttons.test_opinions import single
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, is_grid, labels, text_of
from tests.engine.uploads.pictures import encoded, photo

Grid = Callable[..., Any]
FOUR = Suggestions(prompts=("a red circle", "a *blue* fish", "a tree --ar 2:1", "a star"))


async def suggest(hand: EngineHand, job: Job, suggestions: Suggestions) -> None:
    """Let the engine end the job with the suggestions."""
    await hand.start(job.id)
    key = await hand.objects.put(text_from_suggestions(suggestions).encode(), ".txt")
    async with hand.database.begin() as connection:
        assert await finish_job(connection, job.id, [], key, "text/plain")


async def newest(hand: EngineHand) -> Job:
    return (await hand.jobs())[-1]


def is_listed(message: Message) -> bool:
    return "1. " in text_of(message)


async def test_a_picture_is_described_and_a_prompt_painted(
    painted_grid: Grid, ben: MemberClient, hand: EngineHand
) -> None:
    """From ⋯ under the picture; two quick presses on a number are one job, and a file that is lost is told."""
    grid, job, pictures = await painted_grid()
    more = await ben.reply(await ben.press(await single(ben, grid, "U2"), "⋯"))
    waiting = await ben.reply(await ben.press(more, str(suggestion_replies.DESCRIBE_LABEL)))
    assert text_of(waiting).startswith("**a red circle** - Described for")
    asked = await newest(hand)
    assert (asked.operation, asked.parent_picture_id) == (Operation.DESCRIBE, pictures[1].id)
    await suggest(hand, asked, FOUR)
    listed = await ben.changed(waiting, is_listed)
    assert labels(listed) == [["1", "2", "3", "4"]] and "2. a \\*blue\\* fish" in text_of(listed)
    assert listed["attachments"] == []

    press, again = await asyncio.gather(ben.press(listed, "3"), ben.press(listed, "3"))
    told = {text_of(await ben.reply(one)) for one in (press, again)}
    assert str(replies.PRESSED_AGAIN) in told and len(told) == 2
    started = await newest(hand)
    assert (started.operation, started.spec.prompt) == (Operation.IMAGINE, "a tree --ar 2:1")
    assert (started.parent_job_id, started.parent_picture_id, len(await hand.jobs())) == (asked.id, None, 3)
    assert [(one.verb, one.slot) for one in await hand.actions(job.id)][-1] == (Verb.DESCRIBE, 1)
    assert [(one.verb, one.variation) for one in await hand.actions(asked.id)] == [(Verb.IMAGINE, "3")]
    ended = await hand.job(asked.id)
    await hand.objects.store.delete_async(ended.grid_key or "")
    assert "missing or damaged" in text_of(await ben.reply(await ben.press(listed, "1")))


async def test_where_nothing_can_describe_there_is_no_such_button(
    start_bot: BotStarter, ben: MemberClient, hand: EngineHand
) -> None:
    """As for models without a CLIP, where no captioner is registered."""
    painting = ModelCapabilities(name="fake", operations=tuple(set(Operation) - {Operation.DESCRIBE}))
    async with start_bot(limits=Limits(models=(painting,), default_model="fake")):
        waiting = await ben.reply(await ben.command("imagine", prompt="a red circle"))
        await hand.finish(await hand.only_job())
        picture = await single(ben, await ben.changed(waiting, is_grid), "U2")
        more = await ben.reply(await ben.press(picture, "⋯"))
        assert [len(row) for row in labels(more)] == [2]


async def test_a_prompt_is_shortened_with_its_parameters(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand
) -> None:
    """Strong words stand out and weak ones are struck; one prompt at a time."""
    refused = await ben.reply(await ben.command("shorten", prompt="a {red, blue} circle"))
    assert "This prompt is for 2 jobs" in text_of(refused) and await hand.jobs() == []
    waiting = await ben.reply(await ben.command("shorten", prompt="a very red circle --ar 3:2"))
    asked = await newest(hand)
    assert (asked.operation, asked.parent_picture_id) == (Operation.SHORTEN, None)
    weights = {"a": 0.1, "very": 0.3, "red": 0.5, "circle": 1.0}
    words = tuple(WeighedWord(text=word, weight=weight) for word, weight in weights.items())
    await suggest(hand, asked, Suggestions(prompts=("red circle", "circle"), words=words))
    listed = await ben.changed(waiting, is_listed)
    assert "~~a~~ ~~very~~ red **circle**\nShorter:\n1. red circle\n2. circle" in text_of(listed)
    assert labels(listed) == [["1", "2"]]
    await ben.reply(await ben.press(listed, "1"))
    assert (await newest(hand)).spec.prompt == "red circle --ar 3:2"


async def test_all_shorter_prompts_of_a_long_one_can_be_read(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand
) -> None:
    """Where not everything fits into Discord's 2,000 characters, the prompt above them is cut."""
    waiting = await ben.reply(await ben.command("shorten", prompt="a red circle " * 120))
    words = tuple(WeighedWord(text="🎉" * 9, weight=1.0) for _ in range(80))
    await suggest(hand, await newest(hand), Suggestions(prompts=("a red circle " * 11,) * 5, words=words))
    listed = await ben.changed(waiting, is_listed)
    assert labels(listed) == [["1", "2", "3", "4", "5"]] and "\n5. a red circle a" in text_of(listed)
    assert length(text_of(listed)) <= MAX_CONTENT


async def test_an_interpolation_that_lost_an_end_is_a_grid(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand
) -> None:
    waiting = await ben.reply(await ben.command("shorten", prompt="a house:: a tree --interpolate"))
    await suggest(hand, await newest(hand), Suggestions(prompts=("house:: tree", "tree")))
    listed = await ben.changed(waiting, is_listed)
    for number, prompt in (("1", "house:: tree --interpolate"), ("2", "tree")):
        await ben.reply(await ben.press(listed, number))
        assert (await newest(hand)).spec.prompt == prompt


async def test_a_shorter_prompt_keeps_its_pictures(
    start_bot: BotStarter, sandbox: Sandbox, ben: MemberClient, hand: EngineHand
) -> None:
    file = FileOption(name="a.png", content=encoded(photo(), "PNG"))
    async with start_bot(upload_origins=frozenset({sandbox.url})):
        thinking = await ben.reply(await ben.command("imagine", prompt="a house", image=file))
        await ben.changed(thinking, lambda item: text_of(item) != "")
        prompt = (await newest(hand)).spec.prompt + " by the sea --iw 2"
        thinking = await ben.reply(await ben.command("shorten", prompt=prompt))
        await ben.changed(thinking, lambda item: text_of(item) != "")
        asked = await newest(hand)
        await suggest(hand, asked, Suggestions(prompts=("house",)))
        await ben.reply(await ben.press(await ben.changed(thinking, is_listed), "1"))
        started = await newest(hand)
        assert (started.spec.images, started.image_keys) == (asked.spec.images, asked.image_keys)
        assert started.spec.prompt == f"{asked.spec.images[0].url} house --iw 2"


async def test_a_picture_that_a_member_brings_is_described(
    start_bot: BotStarter, sandbox: Sandbox, ben: MemberClient, hand: EngineHand
) -> None:
    file = FileOption(name="red.png", content=encoded(photo(), "PNG"))
    async with start_bot(upload_origins=frozenset({sandbox.url})):
        thinking = await ben.reply(await ben.command("describe", image=file))
        shown = await ben.changed(thinking, lambda item: text_of(item) != "")
        assert text_of(shown).startswith("**A picture** - Described for <@")
    asked = await newest(hand)
    assert (asked.operation, asked.parent_picture_id, len(asked.image_keys)) == (Operation.DESCRIBE, None, 1)
