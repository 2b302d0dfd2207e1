"""`/between`: pictures that lie between two results."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.answers import answer
from bot.commands.search import offer_own
from bot.interaction_context import context_from_interaction
from bot.queueing import queue_prompt
from bot.replies import finding_replies
from bot.services import SEND_MARGIN, Services, services_of
from bot.store.finding.searches import find_newest


@app_commands.command(name="between", description=finding_replies.BETWEEN_HELP.text)
@app_commands.rename(start="from", end="to")
@app_commands.describe(
    start=finding_replies.FIRST_RESULT_HELP.text,
    end=finding_replies.SECOND_RESULT_HELP.text,
    at=finding_replies.AT_HELP.text,
)
async def between(
    interaction: discord.Interaction, start: str, end: str, at: app_commands.Range[float, 0, 1] = 0.5
) -> None:
    """Queue the job, and answer with its message."""
    services = services_of(interaction)
    await answer(interaction, services, "between", _queue(interaction, services, (start, end), at))


@between.autocomplete("start")
@between.autocomplete("end")
async def _own_pictures(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    return await offer_own(interaction, typed)


async def _queue(interaction: discord.Interaction, services: Services, ends: tuple[str, str], at: float) -> None:
    named = [await _named(interaction, services, end.strip()) for end in ends]
    await queue_prompt(interaction, services, f"--between {' '.join(named)} --at {at:g}", {}, {})


async def _named(interaction: discord.Interaction, services: Services, text: str) -> str:
    """Return the id or link that the text is, or else the id of the member's newest job with these words."""
    if not text or (" " not in text and ("/" in text or text.count("-") > 3)):
        return text
    context = context_from_interaction(interaction)
    async with services.database.begin(limit=services.answer_timeout - SEND_MARGIN) as connection:
        found = await find_newest(connection, context.discord_id, text)
    return str(found or text)
