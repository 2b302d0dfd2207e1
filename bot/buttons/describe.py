"""Describe: four prompts for a picture, as a job whose result is text."""

from __future__ import annotations

from functools import partial

import discord

from bot.buttons.base import JobButton, start
from bot.cards import AnswerSubject, ButtonFace, CardKind
from bot.custom_ids import ONE_TO_FOUR
from bot.replies.suggestion_replies import DESCRIBE_LABEL
from bot.services import Services
from bot.store.followups import FollowUp
from bot.store.interaction import InteractionContext
from engine.contract.feedback import Verb
from engine.contract.jobs import Job, Operation
from engine.prompt.checks.followups import followup_spec


class DescribeButton(JobButton, verb="describe", index=ONE_TO_FOUR):
    """Starts the job for the picture that the message shows by itself."""

    rows = {CardKind.MORE: 2}

    @classmethod
    def answer_faces(cls, subject: AnswerSubject) -> tuple[ButtonFace, ...]:
        """Return the one button, for a single picture."""
        if subject.number is None:
            return ()
        return (cls.face(subject.job_id, subject.number, origin=subject.origin, label=str(DESCRIBE_LABEL), emoji="✍️"),)

    @classmethod
    def operation_of(cls, job: Job) -> Operation:
        """Return the operation of the job that follows."""
        return Operation.DESCRIBE

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store the job and show it."""
        follow_up = FollowUp(
            verb=Verb.DESCRIBE,
            job_id=self.button.job_id,
            slot=self.slot(),
            operation_of=self.operation_of,
            renew_spec=partial(followup_spec, services.limits),
            has_prompt=True,
        )
        await start(interaction, services, context, follow_up)
