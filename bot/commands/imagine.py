"""`/imagine`: from a prompt, and pictures that come with it, to the message of its job, or of its series of jobs."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from bot.answers import answer
from bot.queueing import queue_prompt
from bot.services import services_of
from bot.upload_replies import IMAGE_HELP
from engine.prompt import (
    COMMAND_HELP,
    OPTION_HELP,
    PROMPT_HELP,
    Limits,
    command_help,
    prompt_help,
)

_HELP = {"negative": OPTION_HELP["negative"], "image": IMAGE_HELP, "image2": IMAGE_HELP, "image3": IMAGE_HELP}


@app_commands.command(name="imagine", description=COMMAND_HELP)
@app_commands.describe(prompt=PROMPT_HELP, **_HELP)
@app_commands.allowed_installs(guilds=True, users=False)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
async def imagine(
    interaction: discord.Interaction,
    prompt: str,
    negative: str | None = None,
    image: discord.Attachment | None = None,
    image2: discord.Attachment | None = None,
    image3: discord.Attachment | None = None,
) -> None:
    """Queue the jobs of the prompt, and answer with their message."""
    services = services_of(interaction)
    given = {"image": image, "image2": image2, "image3": image3}
    attachments = {name: file for name, file in given.items() if file}
    await answer(interaction, services, "imagine", queue_prompt(interaction, services, prompt, negative, attachments))


def imagine_for(limits: Limits) -> app_commands.Command[Any, ..., Any]:
    """Return the command, with descriptions that say what the default model can paint."""
    command: app_commands.Command[Any, ..., Any] = app_commands.Command(
        name=imagine.name, description=command_help(limits), callback=imagine.callback
    )
    return app_commands.describe(prompt=prompt_help(limits), **_HELP)(command)
