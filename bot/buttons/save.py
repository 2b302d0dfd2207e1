"""✉️: sends the original files, with their seeds, to the member's direct messages."""

from __future__ import annotations

import discord

from bot.answers import finish_waiting, show_waiting
from bot.buttons.base import JobButton
from bot.cards import AnswerSubject, ButtonFace, CardKind
from bot.custom_ids import ONE_TO_FOUR_OR_ALL
from bot.delivery.originals import original_files, send_privately
from bot.delivery.outcomes import Sent
from bot.language import _
from bot.policy.pictures import Showing
from bot.replies.feedback_replies import SAVED, not_sent, saved
from bot.services import Services
from bot.showing import showing_there
from bot.store.interaction import InteractionContext
from bot.store.results import save
from engine.contract.jobs import Job


class SaveButton(JobButton, verb="save", index=ONE_TO_FOUR_OR_ALL):
    """Sends the picture that its index names, or the four of the grid."""

    rows = {CardKind.PICTURE: 0, CardKind.MORE: 2}

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        assert slot is not None
        return (cls.face(job.id, slot + 1, emoji="✉️"),)

    @classmethod
    def answer_faces(cls, subject: AnswerSubject) -> tuple[ButtonFace, ...]:
        """Return the one button for a grid; a single picture has it under itself."""
        if subject.number is not None:
            return ()
        return (cls.face(subject.job_id, origin=subject.origin, label=_("Send to me"), emoji="✉️"),)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store the press, then send the files, and say that they are sent.

        Where Discord refuses that, the answer says why, and has the files itself.
        """
        wanted = await services.commit(context, lambda: save(context, self.button.job_id, self.slot_or_all()))
        showing = await showing_there(services, context, wanted.job, wanted.pictures)
        await show_waiting(interaction)
        is_spoiler = showing is Showing.SPOILER
        files = await original_files(
            services.objects, wanted.job, wanted.pictures, services.credentials, is_spoiler=is_spoiler
        )
        text = saved(wanted.job.spec.prompt, [(picture.slot, picture.seed) for picture in wanted.pictures])
        outcome = await send_privately(interaction.client, context.discord_id, text, files)
        if isinstance(outcome, Sent):
            await finish_waiting(interaction, SAVED)
        else:
            await finish_waiting(interaction, f"{not_sent(outcome)}\n{text}", files)
