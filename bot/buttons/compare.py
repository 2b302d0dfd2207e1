"""The answers to a pair of pictures: each is stored, and the next pair takes its place.

The ids of these buttons name the impression of the pair in place of a job.
"""

from __future__ import annotations

from functools import partial

import discord

from bot.answers import answer_privately
from bot.buttons.base import JobButton
from bot.cards import AnswerSubject, ButtonFace, Card, CardKind
from bot.custom_ids import ONE_OR_TWO, ONE_TO_THREE
from bot.language import _
from bot.ranking import ask_to_compare, place_of
from bot.replies.feedback_replies import PAIR_FACES, comparing_stopped
from bot.services import Services
from bot.store.interaction import InteractionContext
from bot.store.ranking.presses import answer_pair, count_compared
from engine.contract.feedback import Choice

_SIDES = (Choice.LEFT, Choice.RIGHT)
_NEITHER = (Choice.TIE, Choice.BOTH_BAD, Choice.SKIP)


class SideButton(JobButton, verb="side", index=ONE_OR_TWO):
    """Says which side is better; the index is 1 for the left one."""

    rows = {CardKind.PAIR: 0}

    @classmethod
    def answer_faces(cls, subject: AnswerSubject) -> tuple[ButtonFace, ...]:
        """Return one button for each side."""
        return _faces(cls, subject, _SIDES)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store the answer, then show the next pair."""
        await _answer(self, _SIDES, interaction, services, context)


class NeitherButton(JobButton, verb="neither", index=ONE_TO_THREE):
    """Says that neither side is better, or nothing; the index is the place of the answer."""

    rows = {CardKind.PAIR: 1}

    @classmethod
    def answer_faces(cls, subject: AnswerSubject) -> tuple[ButtonFace, ...]:
        """Return one button for each answer."""
        return _faces(cls, subject, _NEITHER)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Store the answer, then show the next pair."""
        await _answer(self, _NEITHER, interaction, services, context)


class StopButton(JobButton, verb="stopcomparing"):
    """Ends the comparing; the pair stays without an answer."""

    rows = {CardKind.PAIR: 1}

    @classmethod
    def answer_faces(cls, subject: AnswerSubject) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        return (cls.face(subject.job_id, label=_("Stop")),)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Say how many pairs the member has compared, in place of the pair."""
        num_answered = await services.commit(context, lambda: count_compared(context))
        await answer_privately(interaction, Card(content=comparing_stopped(num_answered)))


def _faces(button: type[JobButton], subject: AnswerSubject, choices: tuple[Choice, ...]) -> tuple[ButtonFace, ...]:
    return tuple(
        button.face(subject.job_id, index, label=str(PAIR_FACES[choice][0]), emoji=PAIR_FACES[choice][1])
        for index, choice in enumerate(choices, 1)
    )


async def _answer(
    pressed: JobButton,
    choices: tuple[Choice, ...],
    interaction: discord.Interaction,
    services: Services,
    context: InteractionContext,
) -> None:
    choice, place = choices[pressed.slot()], place_of(interaction, context)
    pair = await services.commit(context, partial(answer_pair, context, pressed.button.job_id, choice, place))
    # Of a pair that was answered before as well: the press before this one may not have been able to show the next.
    await ask_to_compare(interaction, services, context, pair)
