"""The four faces under a grid: what a member thinks of it as a whole."""

from __future__ import annotations

import discord

from bot import replies
from bot.answers import say
from bot.buttons.base import JobButton
from bot.custom_ids import ButtonVerb, pattern
from bot.services import Services
from bot.store.button_actions import rate
from bot.store.interaction import Press
from engine.contract.feedback import Rating


class RateButton(JobButton, template=pattern(ButtonVerb.RATE)):
    """Rates the grid with the face that its index names."""

    verb = ButtonVerb.RATE

    async def press(self, interaction: discord.Interaction, services: Services, press: Press) -> None:
        """Store the rating, and confirm it."""
        rating = Rating(self.button.index or 0)
        async with services.transaction(press) as connection:
            rated = await rate(connection, press, self.button.job_id, None, rating)
        await say(interaction, replies.rated(rated.rating, rated.before))
