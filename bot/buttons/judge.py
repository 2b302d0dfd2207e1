"""The four faces under a single picture."""

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


class JudgeButton(JobButton, template=pattern(ButtonVerb.JUDGE)):
    """Rates one picture: the first digit of its index is the picture, the second the face."""

    verb = ButtonVerb.JUDGE

    async def press(self, interaction: discord.Interaction, services: Services, press: Press) -> None:
        """Store the rating, and confirm it."""
        number, face = divmod(self.button.index or 0, 10)
        async with services.transaction(press) as connection:
            rated = await rate(connection, press, self.button.job_id, number - 1, Rating(face))
        await say(interaction, replies.rated(rated.rating, rated.before))
