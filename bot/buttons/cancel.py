"""Cancel: stops a waiting or running job for its owner or an administrator."""

from __future__ import annotations

import discord

from bot import replies
from bot.answers import remove_buttons, send_ephemeral
from bot.buttons.base import JobButton
from bot.cards import ButtonFace, CardKind
from bot.services import Services
from bot.store.button_actions import cancel
from bot.store.interaction import InteractionContext
from engine.contract.jobs import Job


class CancelButton(JobButton, verb="cancel"):
    """Stops the job."""

    rows = {CardKind.PENDING: 0}

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        return (cls.face(job.id, label="Cancel"),)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store that the job is cancelled, and take the button away; the engine stops it, and the courier says so."""
        await services.commit(context, lambda: cancel(context, self.button.job_id))
        await remove_buttons(interaction)
        await send_ephemeral(interaction, replies.CANCELLED)
