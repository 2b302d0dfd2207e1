"""U1 to U4: one picture of the grid by itself, as a reply."""

from __future__ import annotations

import discord

from bot.answers import acknowledge
from bot.buttons.base import JobButton, numbered
from bot.cards import ButtonFace, CardKind
from bot.custom_ids import ONE_TO_FOUR
from bot.services import Services
from bot.store.button_actions import upscale
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
        delivery = await services.commit(
            context, lambda: upscale(context, self.button.job_id, self.slot(), services.instance)
        )
        await acknowledge(interaction)
        # After the answer, which must not wait until the picture is read and posted.
        if delivery:
            services.courier.deliver(delivery, is_fresh=True)
