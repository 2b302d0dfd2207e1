"""Animate (High motion) and Animate (Low motion): a film that starts from the picture."""

from __future__ import annotations

from typing import ClassVar

from bot.buttons.base import FollowUpButton
from bot.cards import ButtonFace, CardKind
from bot.custom_ids import ONE_TO_FOUR
from bot.language import Phrase
from engine.contract.edits import CALM, LIVELY, Edit
from engine.contract.feedback import Verb
from engine.contract.jobs import Job, Operation, Picture
from engine.prompt import Limits
from engine.prompt.checks.canvases import animated_canvas


class AnimateHighButton(FollowUpButton, verb="animatehigh", index=ONE_TO_FOUR):
    """Animates the picture, with much motion."""

    rows = {CardKind.PICTURE: 1}
    event_verb = Verb.ANIMATE
    operation = Operation.ANIMATE
    variation = "high"
    label: ClassVar[Phrase] = Phrase("Animate (High)")
    strength: ClassVar[float] = LIVELY

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        assert slot is not None
        return (cls.face(job.id, slot + 1, label=str(cls.label), emoji="🎞️"),)

    @classmethod
    def edit_of(cls, limits: Limits, job: Job, picture: Picture) -> Edit:
        """Return how far the frames may leave the picture, and its size as that of a variation.

        Raises: SizeUnsupported.
        """
        return Edit(strength=cls.strength, canvas=animated_canvas(picture, job, limits))


class AnimateLowButton(AnimateHighButton, verb="animatelow", index=ONE_TO_FOUR):
    """Animates the picture, with little motion."""

    variation = "low"
    label = Phrase("Animate (Low)")
    strength = CALM
