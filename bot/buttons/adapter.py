"""The buttons about a trained adapter, for administrators; their ids name the adapter in place of a job."""

from __future__ import annotations

from typing import ClassVar

import discord

from bot.answers import send_ephemeral
from bot.buttons.base import JobButton
from bot.cards import AnswerSubject, ButtonFace, CardKind, FaceStyle
from bot.interaction_context import may_manage_guild
from bot.language import Phrase
from bot.replies import learning_replies
from bot.services import Services
from bot.store.interaction import InteractionContext
from bot.store.learning.answers import answer_about
from bot.store.learning.tables import AdapterDecision


class _AnsweringButton(JobButton):
    """A button that answers for all administrators: the first press counts, and the others are told."""

    rows = {CardKind.ADAPTER: 0}
    answer: ClassVar[AdapterDecision]
    label: ClassVar[Phrase]
    style: ClassVar[FaceStyle] = FaceStyle.PLAIN

    @classmethod
    def answer_faces(cls, subject: AnswerSubject) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        return (cls.face(subject.job_id, label=str(cls.label), style=cls.style),)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store the answer, then say what stands; the message follows."""
        if not may_manage_guild(interaction):
            await send_ephemeral(interaction, learning_replies.ADMINISTRATORS_ONLY)
            return
        stands = await services.commit(context, lambda: answer_about(context, self.button.job_id, self.answer))
        services.adapter_asker.wake()
        told = learning_replies.decision(stands) if stands else learning_replies.NOT_ASKED
        await send_ephemeral(interaction, told)


class PromoteButton(_AnsweringButton, verb="adapterpromote"):
    """Makes the adapter the style of the community."""

    answer, label, style = AdapterDecision.PROMOTE, learning_replies.PROMOTE_LABEL, FaceStyle.CHOSEN


class KeepOldButton(_AnsweringButton, verb="adapterkeep"):
    """Leaves everything as it is."""

    answer, label = AdapterDecision.KEEP, learning_replies.KEEP_LABEL


ADAPTER_BUTTONS: tuple[type[JobButton], ...] = (PromoteButton, KeepOldButton)
