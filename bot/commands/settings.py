"""`/settings`: what holds for a member's prompts when they do not say otherwise."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.answers import answer
from bot.buttons.own_settings import show_own_settings
from bot.replies import own_settings_replies
from bot.services import services_of


@app_commands.command(name="settings", description=own_settings_replies.SETTINGS_HELP.text)
async def settings(interaction: discord.Interaction) -> None:
    """Show what is set, with what changes it."""
    services = services_of(interaction)
    await answer(interaction, services, "settings", show_own_settings(interaction, services))
