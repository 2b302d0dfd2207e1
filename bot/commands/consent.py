"""`/consent server`: whether what happens in the server may be used for more than answering, for administrators."""

from __future__ import annotations

from typing import Literal

import discord
from discord import app_commands

from bot.answers import answer, send_ephemeral
from bot.interaction_context import context_from_interaction
from bot.replies import privacy_replies
from bot.services import Services, services_of
from bot.store.guilds.switches import set_collecting

consent = app_commands.Group(
    name="consent",
    description=privacy_replies.GUILD_HELP.text,
    guild_only=True,
    allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False),
    default_permissions=discord.Permissions(administrator=True),
    allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
)


@consent.command(name="server", description=privacy_replies.GUILD_HELP.text)
@app_commands.describe(collecting=privacy_replies.COLLECTING_HELP.text)
async def server(interaction: discord.Interaction, collecting: Literal["on", "off"]) -> None:
    """Store the choice for the server, and say what it means."""
    services = services_of(interaction)
    await answer(interaction, services, "consent", _choose(interaction, services, is_collecting=collecting == "on"))


async def _choose(interaction: discord.Interaction, services: Services, *, is_collecting: bool) -> None:
    context = context_from_interaction(interaction)
    # Discord lets administrators of a server give the command to others.
    if not context.is_administrator:
        await send_ephemeral(interaction, privacy_replies.ADMINISTRATORS_ONLY)
        return
    async with services.database.begin(limit=services.answer_margin) as connection:
        await set_collecting(connection, context, is_collecting=is_collecting)
    said = privacy_replies.COLLECTING_ON if is_collecting else privacy_replies.COLLECTING_OFF
    await send_ephemeral(interaction, said)
