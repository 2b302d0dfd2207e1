"""`/rank`: asks which of two pictures of a prompt is better, for as long as the member likes."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.answers import answer
from bot.interaction_context import context_from_interaction
from bot.ranking import ask_to_compare, place_of
from bot.replies.feedback_replies import RANK_HELP
from bot.services import Services, services_of
from bot.store.ranking.presses import next_pair


@app_commands.command(name="rank", description=RANK_HELP.text)
@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
async def rank(interaction: discord.Interaction) -> None:
    """Show the first pair, to the member alone."""
    services = services_of(interaction)
    await answer(interaction, services, "rank", _rank(interaction, services))


async def _rank(interaction: discord.Interaction, services: Services) -> None:
    context = context_from_interaction(interaction)
    place = place_of(interaction, context)
    pair = await services.commit(context, lambda: next_pair(context, place))
    await ask_to_compare(interaction, services, context, pair)
