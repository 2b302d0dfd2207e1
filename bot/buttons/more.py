"""⋯: what else there is to say about a result and to do with it; shown to the member alone."""

from __future__ import annotations

from uuid import UUID

import discord

from bot.answers import send_card
from bot.buttons.base import JobButton
from bot.cards import AnswerSubject, ButtonFace, Card, CardKind, answer_rows
from bot.custom_ids import AnswerOrigin
from bot.interaction_context import origin_of
from bot.replies.feedback_replies import more
from bot.services import Services
from bot.store.interaction import InteractionContext
from bot.store.opinions import Opinions, read_opinions
from engine.contract.jobs import Job
from engine.prompt.checks.followups import possible_operations


class MoreButton(JobButton, verb="more"):
    """Opens what else there is; nothing is stored."""

    rows = {CardKind.GRID: 2, CardKind.PICTURE: 0}

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        return (cls.face(job.id, label="⋯"),)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Show what stands, and what the member may do."""
        opinions = await services.commit(context, lambda: read_opinions(context, self.button.job_id))
        origin = origin_of(interaction)
        assert origin is not None
        await send_card(interaction, more_card(services, self.button.job_id, origin, opinions))


def more_card(services: Services, job_id: UUID, origin: AnswerOrigin, opinions: Opinions) -> Card:
    """Return what else there is about a grid or a picture, and what the member has said of it."""
    subject = AnswerSubject(
        job_id=job_id,
        origin=origin,
        may_delete=opinions.may_delete,
        favourites=opinions.favourites,
        best=opinions.best,
    )
    possible = possible_operations(services.limits, opinions.job)
    buttons = [one for one in services.buttons if one.operation_of(opinions.job) in {None, *possible}]
    return Card(
        content=more(origin.slot, opinions.best, opinions.favourites),
        rows=answer_rows(buttons, CardKind.MORE, subject),
    )
