"""The heart: marks a picture as one of the member's favourites, or takes the mark away."""

from __future__ import annotations

import discord

from bot.answers import replace_answer, send_ephemeral
from bot.buttons.base import JobButton, numbered_answers
from bot.buttons.more import more_card
from bot.cards import AnswerSubject, ButtonFace, CardKind
from bot.custom_ids import ONE_TO_FOUR
from bot.replies.feedback_replies import favourite
from bot.services import Services
from bot.store.interaction import InteractionContext
from bot.store.opinions import toggle_favourite
from engine.contract.jobs import Job


class FavouriteButton(JobButton, verb="favourite", index=ONE_TO_FOUR):
    """Marks the picture that its index names, or takes the mark away."""

    rows = {CardKind.PICTURE: 4, CardKind.MORE: 1}

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        assert slot is not None
        return (cls.face(job.id, slot + 1, emoji="❤️"),)

    @classmethod
    def answer_faces(cls, subject: AnswerSubject) -> tuple[ButtonFace, ...]:
        """Return one button for each picture of a grid; the favourites stand out. A single picture has its own."""
        return () if subject.number is not None else numbered_answers(cls, subject, "❤️", subject.favourites)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store what now stands, and show it."""
        opinions = await services.commit(context, lambda: toggle_favourite(context, self.button.job_id, self.slot()))
        services.gallery_keeper.wake()
        if self.button.origin:
            await replace_answer(interaction, more_card(services, self.button.job_id, self.button.origin, opinions))
        else:
            await send_ephemeral(interaction, favourite(self.slot() in opinions.favourites))
