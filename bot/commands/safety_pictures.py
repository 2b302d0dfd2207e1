"""`/safety pictures`: how a server shows pictures that a classifier finds unsafe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import discord
from discord import app_commands

from bot.answers import answer, send_ephemeral
from bot.commands.moderation import safety
from bot.interaction_context import context_from_interaction, may_manage_guild
from bot.policy.pictures import Showing
from bot.replies import safety_replies, withheld_replies
from bot.services import Services, services_of
from bot.store.moderation.picture_rules import change_picture_rules, read_picture_rules

__all__ = ["safety"]

_SHOWINGS = [
    app_commands.Choice(name=label.text, value=showing.value) for showing, label in withheld_replies.SHOWINGS.items()
]
_STRICTNESS = [app_commands.Choice(name=label.text, value=name) for name, label in withheld_replies.STRICTNESS.items()]


@safety.command(name="pictures", description=withheld_replies.PICTURES_HELP.text)
@app_commands.describe(
    elsewhere=withheld_replies.ELSEWHERE_HELP.text,
    age_restricted=withheld_replies.RESTRICTED_HELP.text,
    strictness=withheld_replies.STRICTNESS_HELP.text,
)
@app_commands.choices(elsewhere=_SHOWINGS, age_restricted=_SHOWINGS, strictness=_STRICTNESS)
async def pictures(
    interaction: discord.Interaction,
    elsewhere: str | None = None,
    age_restricted: str | None = None,
    strictness: str | None = None,
) -> None:
    """Show or change how unsafe pictures are shown."""
    services = services_of(interaction)
    given: dict[str, Any] = {}
    if elsewhere:
        given["elsewhere"] = Showing(elsewhere)
    if age_restricted:
        given["age_restricted"] = Showing(age_restricted)
    if strictness:
        given["is_strict"] = strictness == "strict"
    work = _pictures(interaction, services, given)
    await answer(interaction, services, "safety pictures", work)


async def _pictures(interaction: discord.Interaction, services: Services, given: Mapping[str, Any]) -> None:
    if not may_manage_guild(interaction):
        await send_ephemeral(interaction, safety_replies.MANAGERS_ONLY)
        return
    async with services.database.begin(limit=services.answer_margin) as connection:
        if given:
            context = context_from_interaction(interaction)
            rules = await change_picture_rules(connection, context, lambda old: replace(old, **given))
        else:
            rules = await read_picture_rules(connection, interaction.guild_id)
    limits = services.limits
    said = withheld_replies.rules_text(rules, has_classifier=limits.has_classifier, shows_unsafe=limits.shows_unsafe)
    await send_ephemeral(interaction, said)
