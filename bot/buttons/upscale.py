"""U1 to U4: one picture of the grid by itself, as a reply."""

from __future__ import annotations

import discord

from bot import replies
from bot.answers import acknowledge, send_ephemeral
from bot.buttons.base import JobButton, numbered
from bot.cards import ButtonFace, CardKind
from bot.custom_ids import ONE_TO_FOUR
from bot.delivery.discord_messages import is_deleted, message_link
from bot.services import Services
from bot.store.button_actions import PictureDelivery, upscale
from bot.store.deliveries import Delivery
from bot.store.interaction import InteractionContext
from engine.contract.jobs import Job


class UpscaleButton(JobButton, verb="up", index=ONE_TO_FOUR):
    """Posts the picture that its index names."""

    rows = {CardKind.GRID: 0}

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return U1 to U4."""
        return numbered(cls, job, "U")

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store the press and its delivery, and answer; then the courier posts the picture."""
        upscaled = await services.commit(
            context, lambda: upscale(context, self.button.job_id, self.slot(), services.instance)
        )
        await acknowledge(interaction, upscaled.delivery if upscaled and upscaled.is_new else None)
        if upscaled and not upscaled.is_new:
            upscaled = await self._renew(interaction, services, context, upscaled.delivery)
        # After the answer, which must not wait until the picture is read and posted.
        if upscaled:
            services.courier.deliver(upscaled.delivery, is_fresh=True)

    async def _renew(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, earlier: Delivery
    ) -> PictureDelivery | None:
        """Say where the picture is; where its message was deleted, store a new delivery and return it."""
        if earlier.message_id is None:
            return None
        if await is_deleted(interaction.client, earlier):
            again = await services.commit(
                context,
                lambda: upscale(context, self.button.job_id, self.slot(), services.instance, lost=earlier.id),
            )
            return again if again and again.is_new else None
        link = message_link(earlier, interaction.guild_id)
        await send_ephemeral(interaction, replies.already_posted(self.slot(), link))
        return None
