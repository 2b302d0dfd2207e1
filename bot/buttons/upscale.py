"""U1 to U4: one picture of the grid on its own, as a reply."""

from __future__ import annotations

import discord

from bot.buttons.base import JobButton
from bot.custom_ids import ButtonVerb, pattern
from bot.services import Services
from bot.store.button_actions import upscale
from bot.store.interaction import Press


class UpButton(JobButton, template=pattern(ButtonVerb.UP)):
    """Posts the picture that its index names."""

    verb = ButtonVerb.UP

    async def press(self, interaction: discord.Interaction, services: Services, press: Press) -> None:
        """Store the wish with its delivery, and answer; then the courier posts the picture."""
        async with services.transaction(press) as connection:
            delivery = await upscale(connection, press, self.button.job_id, self.slot(), services.claimant)
        try:
            await interaction.response.defer()
        finally:
            # After the answer, which is not to wait for the picture's reading and posting.
            if delivery:
                services.courier.take(delivery, is_fresh=True)
