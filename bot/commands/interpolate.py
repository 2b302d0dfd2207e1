"""`/interpolate`: from one prompt or picture to another, as a grid of four and a film."""

from __future__ import annotations

from collections.abc import Sequence

import discord
from discord import app_commands

from bot.answers import answer, send_ephemeral
from bot.commands.blend import SHAPES
from bot.language import Phrase
from bot.queueing import Attachments, queue_prompt
from bot.replies import upload_replies
from bot.services import Services, services_of
from engine.prompt.grammar.extract_parameters import words_and_parameters
from engine.prompt.grammar.parts import split_parts


@app_commands.command(name="interpolate", description=upload_replies.INTERPOLATE_HELP.text)
@app_commands.rename(start="from", end="to")
@app_commands.describe(
    start=upload_replies.FROM_HELP.text,
    end=upload_replies.TO_HELP.text,
    image1=upload_replies.FROM_IMAGE_HELP.text,
    image2=upload_replies.TO_IMAGE_HELP.text,
    shape=upload_replies.SHAPE_HELP.text,
)
@app_commands.choices(shape=SHAPES)
async def interpolate(
    interaction: discord.Interaction,
    start: str = "",
    end: str = "",
    image1: discord.Attachment | None = None,
    image2: discord.Attachment | None = None,
    shape: str | None = None,
) -> None:
    """Queue the job, and answer with its message."""
    services = services_of(interaction)
    attachments = {name: file for name, file in (("image1", image1), ("image2", image2)) if file}
    ends = [words_and_parameters(text) for text in (start, end)]
    words = [text for text, _ in ends if text]
    parameters = [text for _, text in ends if text] + ([f"--ar {shape}"] if shape else [])
    prompt = " ".join([":: ".join(words), *parameters, "--interpolate"])
    work = _queue(interaction, services, prompt, attachments, _missing(words, attachments))
    await answer(interaction, services, "interpolate", work)


async def _queue(
    interaction: discord.Interaction, services: Services, prompt: str, attachments: Attachments, missing: Phrase | None
) -> None:
    if missing is None:
        await queue_prompt(interaction, services, prompt, {}, attachments)
    else:
        await send_ephemeral(interaction, missing)


def _missing(words: Sequence[str], attachments: Attachments) -> Phrase | None:
    """Return what to change so that there are two ends; None if there are."""
    if len(attachments) == 2:
        return None
    if len(words) != 2 or attachments:
        return upload_replies.ENDS_WANTED
    return upload_replies.ENDS_DIVIDED if any(len(split_parts(text)[0]) > 1 for text in words) else None
