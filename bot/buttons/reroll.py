"""The re-roll: the same request with another seed."""

from __future__ import annotations

from functools import partial

import discord

from bot import replies
from bot.answers import say, show_submitted
from bot.buttons.base import JobButton
from bot.custom_ids import ButtonVerb, pattern
from bot.services import Services
from bot.store.button_actions import reroll
from bot.store.interaction import Press
from engine.prompt.checks.followups import followup_spec


class RerollButton(JobButton, template=pattern(ButtonVerb.REROLL)):
    """Paints the job's grid anew."""

    verb = ButtonVerb.REROLL

    async def press(self, interaction: discord.Interaction, services: Services, press: Press) -> None:
        """Store the new job, and show it as the answer."""
        respec = partial(followup_spec, services.limits)
        async with services.transaction(press) as connection:
            submitted = await reroll(connection, press, self.button.job_id, services.claimant, respec)
        if submitted:
            await show_submitted(interaction, services, submitted)
        else:
            await say(interaction, replies.ALREADY_DONE)
