"""Best of four: which picture of a grid the member likes most."""

from __future__ import annotations

import discord

from bot.answers import replace_answer
from bot.buttons.base import JobButton, numbered_answers
from bot.buttons.more import more_card
from bot.cards import AnswerSubject, ButtonFace, CardKind
from bot.custom_ids import ONE_TO_FOUR
from bot.services import Services
from bot.store.interaction import InteractionContext
from bot.store.opinions import toggle_best


class BestButton(JobButton, verb="best", index=ONE_TO_FOUR):
    """Chooses the picture that its index names as the best of its grid; pressed again, takes that back."""

    rows = {CardKind.MORE: 0}

    @classmethod
    def answer_faces(cls, subject: AnswerSubject) -> tuple[ButtonFace, ...]:
        """Return one button for each picture of a grid; the one chosen stands out."""
        return () if subject.number is not None else numbered_answers(cls, subject, "🏆", {subject.best})

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store what now stands, and show it."""
        assert self.button.origin is not None
        opinions = await services.commit(context, lambda: toggle_best(context, self.button.job_id, self.slot()))
        await replace_answer(interaction, more_card(services, self.button.job_id, self.button.origin, opinions))
