"""`/info`: how it stands with a member's jobs, plan, GPU time and votes, for them alone."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.answers import answer, send_ephemeral
from bot.interaction_context import roles_of
from bot.replies import info_replies
from bot.services import Services, services_of
from bot.store.own_summary import read_own_summary

_NUM_JOBS = 10


@app_commands.command(name="info", description=info_replies.INFO_HELP.text)
async def info(interaction: discord.Interaction) -> None:
    """Show it."""
    services = services_of(interaction)
    await answer(interaction, services, "info", _show(interaction, services), asks=False)


async def _show(interaction: discord.Interaction, services: Services) -> None:
    guild_id = interaction.guild_id
    async with services.database.begin(limit=services.answer_margin) as connection:
        found = await read_own_summary(
            connection, interaction.user.id, guild_id, roles_of(interaction), limit=_NUM_JOBS
        )
    is_paused = services.queue.is_paused_in(guild_id)
    said = info_replies.summary(found, services.limits, interaction.created_at, is_paused=is_paused)
    await send_ephemeral(interaction, said)
