"""`/server`: how Easel works in the server, for those who manage it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import discord
from discord import app_commands

from bot.answers import answer, send_ephemeral
from bot.buttons.changes import show_changes
from bot.buttons.server_general import show_server
from bot.interaction_context import may_manage_guild
from bot.replies import guild_change_replies, server_replies
from bot.services import Services, services_of

Show = Callable[[discord.Interaction, Services], Awaitable[None]]

server = app_commands.Group(
    name="server",
    description=guild_change_replies.SERVER_HELP.text,
    guild_only=True,
    allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False),
    default_permissions=discord.Permissions(manage_guild=True),
    allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
)


@server.command(name="settings", description=server_replies.SETTINGS_HELP.text)
async def settings(interaction: discord.Interaction) -> None:
    """Show what is set, with what changes it."""
    await _answer(interaction, "server settings", show_server)


@server.command(name="changes", description=guild_change_replies.CHANGES_HELP.text)
async def changes(interaction: discord.Interaction) -> None:
    """Show who changed what."""
    await _answer(interaction, "server changes", partial(show_changes, page=1))


async def _answer(interaction: discord.Interaction, name: str, show: Show) -> None:
    services = services_of(interaction)
    # Discord lets administrators of a server give the command to others.
    may_see = may_manage_guild(interaction)
    work = show(interaction, services) if may_see else send_ephemeral(interaction, guild_change_replies.MANAGERS_ONLY)
    await answer(interaction, services, name, work, asks=False)
