"""Cancel: stops a waiting or running job, or all of a series, for their owner or an administrator."""

from __future__ import annotations

import discord

from bot import replies
from bot.answers import remove_buttons, send_ephemeral
from bot.buttons.base import JobButton
from bot.cards import ButtonFace, CardKind
from bot.custom_ids import SERIES_VERB
from bot.language import _
from bot.replies import series_replies
from bot.services import Services
from bot.store.button_actions import cancel, cancel_series
from bot.store.interaction import InteractionContext
from engine.contract.jobs import Job


class CancelButton(JobButton, verb="cancel"):
    """Stops the job."""

    rows = {CardKind.PENDING: 0}

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        return (cls.face(job.id, label=_("Cancel")),)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store that the job is cancelled, and take the button away; the engine stops it, and the courier says so."""
        await services.commit(context, lambda: cancel(context, self.button.job_id))
        await remove_buttons(interaction)
        await send_ephemeral(interaction, replies.CANCELLED)


class CancelAllButton(JobButton, verb=SERIES_VERB):
    """Stops every job of the series that has not ended; its id names the last one."""

    rows = {CardKind.SERIES: 0}

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        return (cls.face(job.id, label=_("Cancel")),)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store that the jobs are cancelled, and take the button away; then the engine stops them."""
        num_cancelled = await services.commit(context, lambda: cancel_series(context, self.button.job_id))
        await remove_buttons(interaction)
        await send_ephemeral(interaction, series_replies.cancelled(num_cancelled))
