"""⚑: reports a picture or a grid, with a reason that a form asks for."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import discord

from bot.answers import open_form, replace_answer, send_card
from bot.buttons.base import FormButton
from bot.cards import AnswerSubject, ButtonFace, Card, CardKind
from bot.custom_ids import ONE_TO_FOUR_OR_ALL, AnswerOrigin
from bot.language import _
from bot.replies import picture_title
from bot.replies.feedback_replies import (
    ALL_FOUR,
    ALREADY_REPORTED,
    REPORT_PICTURE,
    REPORT_REASON,
    REPORT_REASONS,
    REPORT_TITLE,
    REPORTED,
)
from bot.services import Services
from bot.store.interaction import InteractionContext
from bot.store.opinions import report
from engine.contract.feedback import ReportReason

_REASON, _PICTURE, _ALL = "reason", "picture", "all"


class ReportButton(FormButton, verb="report", index=ONE_TO_FOUR_OR_ALL):
    """Reports the picture that its index names, or asks which of the grid."""

    rows = {CardKind.MORE: 2}

    @classmethod
    def answer_faces(cls, subject: AnswerSubject) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        return (cls.face(subject.job_id, subject.number, origin=subject.origin, label=_("Report"), emoji="🚩"),)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Ask for the reason, and for the picture where there are four."""
        await open_form(interaction, _form(self.custom_id, is_grid=self.button.index is None))

    async def submit(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, form: Mapping[str, str]
    ) -> None:
        """Store the report, and thank for it."""
        which = form.get(_PICTURE, _ALL)
        slot = self.slot_or_all() if which == _ALL else int(which) - 1
        reason = ReportReason(form[_REASON])
        is_new = await services.commit(context, lambda: report(context, self.button.job_id, slot, reason))
        services.case_poster.wake()
        card = Card(content=str(REPORTED if is_new else ALREADY_REPORTED))
        # A form that the menu of a message has opened stands under no answer that it could replace.
        await (replace_answer if interaction.message else send_card)(interaction, card)


async def ask_for_report(interaction: discord.Interaction, job_id: UUID, origin: AnswerOrigin) -> None:
    """Ask for the reason of a report of what the message shows."""
    (face,) = ReportButton.answer_faces(AnswerSubject(job_id=job_id, origin=origin))
    await open_form(interaction, _form(face.custom_id, is_grid=origin.slot is None))


def _form(custom_id: str, *, is_grid: bool) -> discord.ui.Modal:
    form = discord.ui.Modal(title=str(REPORT_TITLE), custom_id=custom_id)
    if is_grid:
        form.add_item(_which())
    reasons = [discord.RadioGroupOption(label=str(text), value=reason.value) for reason, text in REPORT_REASONS.items()]
    group: discord.ui.RadioGroup[discord.ui.Modal] = discord.ui.RadioGroup(custom_id=_REASON, options=reasons)
    form.add_item(discord.ui.Label(text=str(REPORT_REASON), component=group))
    return form


def _which() -> discord.ui.Label[discord.ui.Modal]:
    options = [discord.RadioGroupOption(label=str(ALL_FOUR), value=_ALL, default=True)]
    options += [discord.RadioGroupOption(label=picture_title(slot), value=str(slot + 1)) for slot in range(4)]
    group: discord.ui.RadioGroup[discord.ui.Modal] = discord.ui.RadioGroup(custom_id=_PICTURE, options=options)
    return discord.ui.Label(text=str(REPORT_PICTURE), component=group)
