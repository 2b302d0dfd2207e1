"""`/blend`: two to five pictures become a grid that has something of each."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.answers import answer
from bot.queueing import queue_prompt
from bot.replies.upload_replies import BLEND_HELP, BLENDED_HELP, SHAPE_HELP, SHAPE_NAMES
from bot.services import services_of

SHAPES = [app_commands.Choice(name=name.text, value=ratio) for name, ratio in SHAPE_NAMES.items()]


@app_commands.command(name="blend", description=BLEND_HELP.text)
@app_commands.describe(
    **{f"image{number}": BLENDED_HELP.text for number in range(1, 6)},
    shape=SHAPE_HELP.text,
)
@app_commands.choices(shape=SHAPES)
async def blend(
    interaction: discord.Interaction,
    image1: discord.Attachment,
    image2: discord.Attachment,
    image3: discord.Attachment | None = None,
    image4: discord.Attachment | None = None,
    image5: discord.Attachment | None = None,
    shape: str | None = None,
) -> None:
    """Queue a job whose prompt is the pictures, and answer with its message."""
    services = services_of(interaction)
    given = {"image1": image1, "image2": image2, "image3": image3, "image4": image4, "image5": image5}
    attachments = {name: file for name, file in given.items() if file}
    prompt = f"--ar {shape}" if shape else ""
    await answer(interaction, services, "blend", queue_prompt(interaction, services, prompt, {}, attachments))
