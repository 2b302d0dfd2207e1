"""`/imagine` from the member's words to the grid, through real discord.py."""

from __future__ import annotations

import asyncio
from typing import Any

from discord import app_commands

from bot.commands import commands_for
from bot.commands.imagine import imagine
from engine.prompt import Limits, ModelCapabilities, Vocabulary
from engine.prompt.parameters import BY_SPELLING
from sandbox.chat.test_client import MemberClient
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import faces, labels, text_of


async def test_a_job_goes_from_waiting_to_its_grid_in_one_message(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand
) -> None:
    """The answer says that it waits, is edited while it is painted, and becomes the grid with its buttons."""
    pressed = await ben.command("imagine", prompt="a red circle --seed 7")
    waiting = await ben.reply(pressed)
    assert "Waiting to start: next in line" in waiting["content"]
    assert labels(waiting) == [["Cancel"]]
    job = await hand.only_job()
    assert (job.spec.prompt, job.seed) == ("a red circle --seed 7", 7)

    await hand.start(job.id)
    await hand.progress(job.id, 0.5)
    running = await ben.changed(waiting, lambda item: "(50%)" in item["content"])
    assert [file["content_type"] for file in running["attachments"]] == ["image/jpeg"]
    assert labels(running) == [["Cancel"]]

    await hand.finish(await hand.only_job())
    grid = await ben.changed(waiting, lambda item: len(item["components"]) == 3)
    assert text_of(grid) == f"**a red circle --seed 7** - <@{ben.id}>"
    assert labels(grid)[:2] == [["U1", "U2", "U3", "U4", None], ["V1", "V2", "V3", "V4"]]
    assert faces(grid) == ["🔄", "😖", "☹️", "🙂", "😍"]
    assert len(grid["attachments"]) == 1


async def test_notes_on_the_prompt_stand_under_the_grid(
    start_bot: BotStarter, ben: MemberClient, hand: EngineHand
) -> None:
    """From the first answer on; a model that paints little says so, and so does the command's description."""
    known = Vocabulary(paints="simple shapes", examples=("a star",), words={"star": ()})
    small = ModelCapabilities(name="small", vocabulary=known)
    async with start_bot(limits=Limits(models=(small, ModelCapabilities(name="real")), default_model="small")):
        waiting = await ben.reply(await ben.command("imagine", prompt="a *castle* --no castle"))
        await hand.finish(await hand.only_job())
        grid = await ben.changed(waiting, lambda item: len(item["components"]) == 3)
        for message in (waiting, grid):
            first, second = message["content"].splitlines()[1:]
            assert first == '⚠️ The prompt asks for "castle" and excludes it too. Remove one of the two.'
            assert second.startswith("⚠️ The model small paints simple shapes: star. Your prompt has none of them.")
    command = commands_for(Limits(models=(small,), default_model="small"))[0]
    assert isinstance(command, app_commands.Command)
    description = command.get_parameter("prompt")
    assert description is not None and "small paints simple shapes" in str(description.description)


async def test_options_are_the_parameters_of_the_same_meaning(bot: object, ben: MemberClient, hand: EngineHand) -> None:
    """Each as if it were written in the prompt, and refused as there."""
    options: dict[str, Any] = {"negative": "fog", "shape": "3:2", "seed": "7", "repeat": 2}
    await ben.reply(await ben.command("imagine", prompt="a red circle", **options))
    jobs = await hand.jobs()
    assert [job.spec.prompt for job in jobs] == ["a red circle --no fog --ar 3:2 --seed 7"] * 2
    refused = text_of(await ben.reply(await ben.command("imagine", prompt="a red circle --seed 1", seed="x")))
    assert "In the option seed:" in refused and len(await hand.jobs()) == 2


async def test_shapes_and_models_are_offered(bot: object, ben: MemberClient) -> None:
    """By their names or by what they are."""
    offered = await ben.autocomplete("imagine", "shape", "tall")
    assert [choice["value"] for choice in offered] == ["2:3", "9:16"]
    assert await ben.autocomplete("imagine", "model", "nobody") == []


def test_as_many_repeats_are_offered_as_there_may_be() -> None:
    (repeat,) = [option for option in imagine.parameters if option.name == "repeat"]
    assert (repeat.min_value, repeat.max_value) == (BY_SPELLING["repeat"].low, BY_SPELLING["repeat"].high)
