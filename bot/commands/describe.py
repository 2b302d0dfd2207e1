"""`/describe` and `/shorten`: prompts for a picture, and shorter ones for a prompt."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.answers import answer
from bot.prompts import PICTURE_ALONE
from bot.queueing import queue_prompt
from bot.replies import suggestion_replies
from bot.services import services_of
from engine.contract.jobs import Operation


@app_commands.command(name="describe", description=suggestion_replies.DESCRIBE_HELP.text)
@app_commands.describe(image=suggestion_replies.DESCRIBED_HELP.text)
async def describe(interaction: discord.Interaction, image: discord.Attachment) -> None:
    """Queue the job, and answer with its message."""
    services = services_of(interaction)
    # The prompt language takes no single picture without words.
    words = PICTURE_ALONE
    work = queue_prompt(interaction, services, words, {}, {"image": image}, operation=Operation.DESCRIBE)
    await answer(interaction, services, "describe", work)


@app_commands.command(name="shorten", description=suggestion_replies.SHORTEN_HELP.text)
@app_commands.describe(prompt=suggestion_replies.SHORTENED_HELP.text)
async def shorten(interaction: discord.Interaction, prompt: str) -> None:
    """Queue the job, and answer with its message."""
    services = services_of(interaction)
    work = queue_prompt(interaction, services, prompt, {}, {}, operation=Operation.SHORTEN)
    await answer(interaction, services, "shorten", work)
