"""Upscale (Subtle) and Upscale (Creative): how large, at which cost, and then one picture that is larger."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import discord

from bot.answers import send_card
from bot.buttons.base import JobButton, start
from bot.cards import AnswerSubject, ButtonFace, Card, CardKind, answer_rows
from bot.custom_ids import ONE_TO_FOUR, TWO_OR_FOUR
from bot.interaction_context import origin_of
from bot.language import Phrase
from bot.replies import followup_replies
from bot.services import Services
from bot.store.button_actions import read_picture
from bot.store.followups import FollowUp
from bot.store.interaction import InteractionContext
from engine.contract.edits import CREATIVE, FAITHFUL, Edit, whole_canvas
from engine.contract.errors import PromptRefused
from engine.contract.feedback import Verb
from engine.contract.jobs import Job, Operation, Picture
from engine.prompt.checks.followups import followup_spec
from engine.prompt.checks.outdated import check_supported
from engine.prompt.checks.upscales import FACTORS, possible_factors, upscale_cost


class UpscaleSubtleButton(JobButton, verb="upsubtle", index=ONE_TO_FOUR):
    """Asks how large to make the picture as it is."""

    rows = {CardKind.PICTURE: 0}
    label: ClassVar[Phrase] = followup_replies.UPSCALE_SUBTLE_LABEL
    card: ClassVar[CardKind] = CardKind.UPSCALE_SUBTLE
    is_creative: ClassVar[bool] = False

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        assert slot is not None
        return (cls.face(job.id, slot + 1, label=str(cls.label)),)

    @classmethod
    def operation_of(cls, job: Job) -> Operation:
        """Return the operation of the job that follows."""
        return Operation.UPSCALE

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Show the sizes, their limits and what they cost; nothing is stored."""
        slot, limits = self.slot(), services.limits
        job, picture = await services.commit(context, lambda: read_picture(context, self.button.job_id, slot))
        check_supported(Operation.UPSCALE, job.spec, limits)
        size = picture.width, picture.height
        subject = AnswerSubject(job_id=job.id, origin=origin_of(interaction), factors=possible_factors(size))
        costs = {factor: upscale_cost(size, factor, job.spec, limits) for factor in FACTORS}
        content = followup_replies.upscale_question(job.spec.prompt, size, costs, self.is_creative, limits.upscaler)
        await send_card(interaction, Card(content=content, rows=answer_rows(services.buttons, self.card, subject)))


class UpscaleCreativeButton(UpscaleSubtleButton, verb="upcreative", index=ONE_TO_FOUR):
    """Asks how large to make the picture with new detail."""

    label = followup_replies.UPSCALE_CREATIVE_LABEL
    card = CardKind.UPSCALE_CREATIVE
    is_creative = True


class SubtleFactorButton(JobButton, verb="subtlefactor", index=TWO_OR_FOUR):
    """Makes the picture so many times as wide and high, as it is."""

    rows = {CardKind.UPSCALE_SUBTLE: 0}
    strength: ClassVar[float] = FAITHFUL
    variation: ClassVar[str] = "subtle"

    @classmethod
    def answer_faces(cls, subject: AnswerSubject) -> tuple[ButtonFace, ...]:
        """Return one button for each factor; those that the picture is too large for are disabled."""
        return tuple(
            cls.face(
                subject.job_id,
                factor,
                origin=subject.origin,
                label=f"{factor}x",
                is_disabled=factor not in subject.factors,
            )
            for factor in FACTORS
        )

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store the job and show it."""
        assert self.button.origin is not None and self.button.index is not None
        follow_up = FollowUp(
            verb=Verb.UPSCALE,
            job_id=self.button.job_id,
            slot=self.button.origin.slot or 0,
            operation_of=lambda job: Operation.UPSCALE,
            renew_spec=partial(followup_spec, services.limits),
            edit_of=partial(_edit, self.strength, self.button.index),
            variation=f"{self.variation} {self.button.index}x",
            has_prompt=True,
        )
        await start(interaction, services, context, follow_up)


class CreativeFactorButton(SubtleFactorButton, verb="creativefactor", index=TWO_OR_FOUR):
    """Makes the picture so many times as wide and high, with new detail."""

    rows = {CardKind.UPSCALE_CREATIVE: 0}
    strength = CREATIVE
    variation = "creative"


def _edit(strength: float, factor: int, job: Job, picture: Picture) -> Edit:
    width, height = picture.width * factor, picture.height * factor
    if factor not in possible_factors((picture.width, picture.height)):
        raise PromptRefused(message=followup_replies.upscale_too_large(width, height))
    return Edit(strength=strength, canvas=whole_canvas(width, height))
