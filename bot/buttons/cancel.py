"""Cancel: stops a waiting or running job for its owner or an administrator."""

from __future__ import annotations

import discord

from bot import replies
from bot.answers import say
from bot.buttons.base import JobButton
from bot.custom_ids import ButtonVerb, pattern
from bot.services import Services
from bot.store.button_actions import cancel
from bot.store.interaction import Press


class CancelButton(JobButton, template=pattern(ButtonVerb.CANCEL)):
    """Stops the job."""

    verb = ButtonVerb.CANCEL

    async def press(self, interaction: discord.Interaction, services: Services, press: Press) -> None:
        """Store that the job is cancelled; the engine lets go of it and the courier shows it."""
        async with services.transaction(press) as connection:
            await cancel(connection, press, self.button.job_id)
        await say(interaction, replies.CANCELLED)
