"""Appeal: brings a refusal, a time out or a ban before the moderators of the server, once."""

from __future__ import annotations

import discord

from bot.answers import replace_answer
from bot.buttons.base import JobButton
from bot.cards import AnswerSubject, ButtonFace, Card, CardKind
from bot.replies import appeal_replies
from bot.services import Services
from bot.store.interaction import InteractionContext
from bot.store.moderation.rulings import appeal


class AppealButton(JobButton, verb="appeal"):
    """Opens the case of what its id names, if it is the member's."""

    rows = {CardKind.REFUSED: 0}

    @classmethod
    def answer_faces(cls, subject: AnswerSubject) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        return (cls.face(subject.job_id, label=str(appeal_replies.APPEAL_LABEL)),)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store the appeal, and say that moderators have it."""
        await services.commit(context, lambda: appeal(context, self.button.job_id))
        services.case_poster.wake()
        await replace_answer(interaction, Card(content=str(appeal_replies.APPEALED)))
