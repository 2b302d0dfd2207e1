"""Asking for consent: after a member's first command or press, and once more for every new version of the text."""

from __future__ import annotations

import discord

from bot.consent_form import Switches, consent_view
from bot.consent_text import CONSENT_TEXT, CONSENT_VERSION
from bot.delivery.discord_messages import NO_MENTIONS
from bot.services import Services
from bot.store.consents import NoticeClaim, claim_notice, record_notice

_MAX_KNOWN = 50_000
"""Members of whom a process remembers that they were asked, for whom it need not look."""


async def ask_for_consent(interaction: discord.Interaction, services: Services) -> None:
    """Show the member the form, for them alone, unless they were shown it; the interaction has been answered.

    The database decides which process shows it. If that cannot be confirmed, another one asks again later.
    """
    discord_id = interaction.user.id
    if discord_id in services.asked or not interaction.response.is_done():
        return
    await services.unanswered.give_way()
    async with services.database.background, services.database.begin() as connection:
        claim = await claim_notice(connection, discord_id, CONSENT_VERSION)
    if claim is NoticeClaim.OURS:
        off = Switches(may_train=False, may_publish=False)
        await interaction.followup.send(
            str(CONSENT_TEXT), view=consent_view(CONSENT_VERSION, off), ephemeral=True, allowed_mentions=NO_MENTIONS
        )
        async with services.database.background, services.database.begin() as connection:
            await record_notice(connection, discord_id, CONSENT_VERSION)
    if claim is not NoticeClaim.THEIRS:
        if len(services.asked) >= _MAX_KNOWN:
            services.asked.clear()
        services.asked.add(discord_id)
