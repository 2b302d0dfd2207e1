"""`/prefer`: how Easel works for a member."""

from __future__ import annotations

import discord
from discord import app_commands

from bot import followup_replies
from bot.answers import answer, send_ephemeral
from bot.interaction_context import context_from_interaction
from bot.services import Services, services_of
from bot.store.preferences import toggle_remix

prefer = app_commands.Group(
    name="prefer",
    description=followup_replies.PREFER_HELP.text,
)


@prefer.command(name="remix", description=followup_replies.REMIX_HELP.text)
async def remix(interaction: discord.Interaction) -> None:
    """Turn remix on or off, and say what that means."""
    services = services_of(interaction)
    await answer(interaction, services, "prefer remix", _toggle(interaction, services))


async def _toggle(interaction: discord.Interaction, services: Services) -> None:
    context = context_from_interaction(interaction)
    is_on = await services.commit(context, lambda: toggle_remix(context))
    await send_ephemeral(interaction, followup_replies.REMIX_ON if is_on else followup_replies.REMIX_OFF)
