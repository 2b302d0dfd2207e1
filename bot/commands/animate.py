"""`/animate`: a film, from a prompt or a picture."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.answers import answer
from bot.commands.blend import SHAPES
from bot.prompts import PICTURE_ALONE
from bot.queueing import queue_prompt
from bot.replies import film_replies
from bot.services import services_of
from engine.contract.jobs import Operation

_MOTIONS = [
    app_commands.Choice(name=film_replies.HIGH_MOTION.text, value="high"),
    app_commands.Choice(name=film_replies.LOW_MOTION.text, value="low"),
]


@app_commands.command(name="animate", description=film_replies.ANIMATE_HELP.text)
@app_commands.describe(
    prompt=film_replies.PROMPT_HELP.text,
    image=film_replies.IMAGE_HELP.text,
    motion=film_replies.MOTION_HELP.text,
    shape=film_replies.SHAPE_HELP.text,
)
@app_commands.choices(motion=_MOTIONS, shape=SHAPES)
async def animate(
    interaction: discord.Interaction,
    prompt: str = "",
    image: discord.Attachment | None = None,
    motion: str | None = None,
    shape: str | None = None,
) -> None:
    """Queue the job, and answer with its message."""
    services = services_of(interaction)
    options = {"motion": motion, "shape": shape}
    attachments = {} if image is None else {"image": image}
    words = prompt or (PICTURE_ALONE if image else "")
    work = queue_prompt(interaction, services, words, options, attachments, operation=Operation.ANIMATE)
    await answer(interaction, services, "animate", work)
