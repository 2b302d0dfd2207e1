"""Delete: takes a result out of the channel for everybody, for its owner or an administrator, who are asked first."""

from __future__ import annotations

from uuid import UUID

import discord

from bot.answers import answer_privately, replace_answer
from bot.buttons.base import JobButton
from bot.cards import AnswerSubject, ButtonFace, Card, CardKind, FaceStyle, answer_rows
from bot.custom_ids import ONE_TO_FOUR_OR_ALL, AnswerOrigin
from bot.delivery.outcomes import ChannelDeleted, MessageDeleted, outcome_of
from bot.interaction_context import origin_of
from bot.language import _
from bot.replies.feedback_replies import ASK_DELETE, DELETED, KEPT, NOT_DELETED
from bot.services import Services
from bot.store.interaction import InteractionContext
from bot.store.results import check_may_delete, delete_result


async def ask_to_delete(
    interaction: discord.Interaction,
    services: Services,
    context: InteractionContext,
    job_id: UUID,
    origin: AnswerOrigin,
) -> None:
    """Ask the member whether to delete the message, in place of the choices if those were pressed.

    Raises: JobUnknown, NotYours, StoreUnavailable.
    """
    await services.commit(context, lambda: check_may_delete(context, job_id))
    subject = AnswerSubject(job_id=job_id, origin=origin, may_delete=True)
    rows = answer_rows(services.buttons, CardKind.DELETING, subject)
    await answer_privately(interaction, Card(content=str(ASK_DELETE), rows=rows))


class AskDeleteButton(JobButton, verb="askdelete", index=ONE_TO_FOUR_OR_ALL):
    """Asks whether to delete; nothing is stored yet."""

    rows = {CardKind.MORE: 2}

    @classmethod
    def answer_faces(cls, subject: AnswerSubject) -> tuple[ButtonFace, ...]:
        """Return the one button, for those who may delete."""
        if not subject.may_delete:
            return ()
        face = cls.face(subject.job_id, subject.number, origin=subject.origin, label=_("Delete"), emoji="🗑️")
        return (face,)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Show the question in place of the choices."""
        origin = origin_of(interaction)
        assert origin is not None
        await ask_to_delete(interaction, services, context, self.button.job_id, origin)


class DeleteButton(JobButton, verb="delete", index=ONE_TO_FOUR_OR_ALL):
    """Deletes the message that the answer is about."""

    rows = {CardKind.DELETING: 0}

    @classmethod
    def answer_faces(cls, subject: AnswerSubject) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        return (
            cls.face(
                subject.job_id,
                subject.number,
                origin=subject.origin,
                label=_("Delete for everybody"),
                style=FaceStyle.DANGER,
            ),
        )

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store the deletion, then delete the message; Discord answers within the time that a press has."""
        await services.commit(context, lambda: delete_result(context, self.button.job_id, self.slot_or_all()))
        services.gallery_keeper.wake()
        is_deleted = await _delete_message(interaction, context.message_id or 0)
        await replace_answer(interaction, Card(content=str(DELETED if is_deleted else NOT_DELETED)))


class KeepButton(JobButton, verb="keep"):
    """Deletes nothing."""

    rows = {CardKind.DELETING: 0}

    @classmethod
    def answer_faces(cls, subject: AnswerSubject) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        return (cls.face(subject.job_id, origin=subject.origin, label=_("Keep")),)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Say that it stays."""
        await replace_answer(interaction, Card(content=str(KEPT)))


async def _delete_message(interaction: discord.Interaction, message_id: int) -> bool:
    """Delete a message of the bot's in the channel; return whether it is gone."""

    async def delete() -> None:
        await interaction.client.http.delete_message(interaction.channel_id or 0, message_id)

    outcome = await outcome_of(delete)
    return outcome is None or isinstance(outcome, MessageDeleted | ChannelDeleted)
