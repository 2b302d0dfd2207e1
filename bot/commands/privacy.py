"""`/privacy`: what is stored of the member, for them alone, with what they can do about it."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.answers import answer
from bot.delivery.discord_messages import NO_MENTIONS
from bot.privacy_card import summary_content, summary_view
from bot.replies import privacy_replies
from bot.services import Services, services_of
from bot.store.own_data import read_stored


@app_commands.command(name="privacy", description=privacy_replies.PRIVACY_HELP.text)
async def privacy(interaction: discord.Interaction) -> None:
    """Show what is stored of the member."""
    services = services_of(interaction)
    await answer(interaction, services, "privacy", _show(interaction, services), asks=False)


async def _show(interaction: discord.Interaction, services: Services) -> None:
    await interaction.response.defer(ephemeral=True)
    async with services.database.background, services.database.begin() as connection:
        stored = await read_stored(connection, interaction.user.id)
    await interaction.edit_original_response(
        content=summary_content(stored), view=summary_view(stored), allowed_mentions=NO_MENTIONS
    )
