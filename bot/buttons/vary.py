"""V1 to V4, and Vary under a single picture: a new grid of variations of that picture."""

from __future__ import annotations

from functools import partial

import discord

from bot import replies
from bot.answers import say, show_submitted
from bot.buttons.base import JobButton
from bot.custom_ids import ButtonVerb, pattern
from bot.services import Services
from bot.store.button_actions import vary
from bot.store.interaction import Press
from engine.prompt.checks.followups import followup_spec


class VaryButton(JobButton, template=pattern(ButtonVerb.VARY)):
    """Varies the picture that its index names."""

    verb = ButtonVerb.VARY

    async def press(self, interaction: discord.Interaction, services: Services, press: Press) -> None:
        """Store the new job, and show it as the answer."""
        respec = partial(followup_spec, services.limits)
        async with services.transaction(press) as connection:
            submitted = await vary(connection, press, self.button.job_id, self.slot(), services.claimant, respec)
        if submitted:
            await show_submitted(interaction, services, submitted)
        else:
            await say(interaction, replies.ALREADY_DONE)
