"""`/help`: what there is to know, for the member who asks alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import discord
from discord import app_commands

from bot.answers import answer, send_ephemeral
from bot.language.commands import said_description
from bot.parameter_help import parameter_text
from bot.replies import code_block, help_replies
from bot.services import Services, services_of
from engine.prompt import PARAMETERS

_NUM_CHOICES = 25
_TOPICS = [app_commands.Choice(name=said.text, value=topic) for topic, said in help_replies.TOPICS.items()]


@app_commands.command(name="help", description=help_replies.HELP_HELP.text)
@app_commands.describe(about=help_replies.ABOUT_HELP.text, parameter=help_replies.PARAMETER_HELP.text)
@app_commands.choices(about=_TOPICS)
async def help_command(interaction: discord.Interaction, about: str = "start", parameter: str | None = None) -> None:
    """Explain the topic, or the parameter."""
    services = services_of(interaction)
    await answer(interaction, services, "help", _explain(interaction, services, about, parameter), asks=False)


@help_command.autocomplete("parameter")
async def offer_parameters(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    """Return the parameters of this service that have what was typed."""
    limits = services_of(interaction).limits
    typed = current.strip(" -").lower()
    names = [row.name for row in PARAMETERS if typed in row.name and limits.may_support(row.ability)]
    return [app_commands.Choice(name=f"--{name}", value=name) for name in names[:_NUM_CHOICES]]


async def _explain(interaction: discord.Interaction, services: Services, about: str, parameter: str | None) -> None:
    if parameter:
        await send_ephemeral(interaction, code_block(parameter_text(parameter)))
        return
    await send_ephemeral(interaction, _text(interaction, services, about))


def _text(interaction: discord.Interaction, services: Services, about: str) -> str:
    match about:
        case "prompts":
            return help_replies.prompts_text(services.limits)
        case "buttons":
            return str(help_replies.BUTTONS)
        case "models":
            return help_replies.models_text(services.limits)
        case "commands":
            return help_replies.commands_text(_commands(interaction))
    return help_replies.start_text(services.limits)


def _commands(interaction: discord.Interaction[Any]) -> Iterator[tuple[str, str]]:
    """Yield the commands that the member may use here, by Discord's own permissions, with their descriptions."""
    tree: app_commands.CommandTree[Any] = interaction.client.tree
    for command in tree.get_commands(type=discord.AppCommandType.chat_input):
        wanted = command.default_permissions
        if wanted is None or interaction.permissions.administrator or wanted <= interaction.permissions:
            yield command.name, said_description(command)
