"""`/server`: how Easel works in the server, for those who manage it."""

from __future__ import annotations

import discord
from discord import app_commands

from bot import guild_change_replies
from bot.answers import answer, send_ephemeral
from bot.buttons.changes import show_changes
from bot.interaction_context import may_manage_guild
from bot.services import Services, services_of

server = app_commands.Group(
    name="server",
    description=guild_change_replies.SERVER_HELP.text,
    guild_only=True,
    default_permissions=discord.Permissions(manage_guild=True),
    allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
)


@server.command(name="changes", description=guild_change_replies.CHANGES_HELP.text)
async def changes(interaction: discord.Interaction) -> None:
    """Show who changed what."""
    services = services_of(interaction)
    await answer(interaction, services, "server changes", _changes(interaction, services), asks=False)


async def _changes(interaction: discord.Interaction, services: Services) -> None:
    # Discord lets administrators of a server give the command to others.
    if interaction.guild_id is None or not may_manage_guild(interaction):
        await send_ephemeral(interaction, guild_change_replies.MANAGERS_ONLY)
        return
    await show_changes(interaction, services, interaction.guild_id, page=1)
