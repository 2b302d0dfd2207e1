"""Zoom Out 2x and 1.5x, and Make Square: a new grid in which the picture is the middle of a larger one."""

from __future__ import annotations

from typing import ClassVar

from bot.buttons.base import FollowUpButton
from bot.cards import ButtonFace, CardKind
from bot.custom_ids import ONE_TO_FOUR
from bot.language import Phrase, _
from bot.replies.followup_replies import ALREADY_SQUARE
from engine.contract.edits import Edit
from engine.contract.errors import PromptRefused
from engine.contract.feedback import Verb
from engine.contract.jobs import Job, Operation, Picture
from engine.prompt import Limits
from engine.prompt.checks.canvases import SQUARE, ZOOMS, squared_canvas, zoomed_canvas


class ZoomOutButton(FollowUpButton, verb="zoomdouble", index=ONE_TO_FOUR):
    """Shows twice as much: the picture takes half of each side."""

    rows = {CardKind.PICTURE: 2}
    event_verb = Verb.ZOOM
    operation = Operation.ZOOM
    variation = "2x"
    label: ClassVar[Phrase] = Phrase("Zoom Out 2x")

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        assert slot is not None
        return (cls.face(job.id, slot + 1, label=str(cls.label), emoji="🔍"),)

    @classmethod
    def edit_of(cls, limits: Limits, job: Job, picture: Picture) -> Edit:
        """Return the canvas around the picture.

        Raises: SizeUnsupported.
        """
        size = picture.width, picture.height
        return Edit(strength=None, canvas=zoomed_canvas(size, ZOOMS[str(cls.variation)], job.spec, limits))


class ZoomOutLessButton(ZoomOutButton, verb="zoomhalf", index=ONE_TO_FOUR):
    """Shows half as much again."""

    variation = "1.5x"
    label = Phrase("Zoom Out 1.5x")


class SquareButton(FollowUpButton, verb="square", index=ONE_TO_FOUR):
    """Makes a picture square by painting what lies beside it."""

    rows = {CardKind.PICTURE: 2}
    event_verb = Verb.ZOOM
    operation = Operation.ZOOM
    variation = SQUARE

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return the one button, for a picture that is not square as far as its prompt and history say."""
        assert slot is not None
        return () if _is_square(job) else (cls.face(job.id, slot + 1, label=_("Make Square"), emoji="↔️"),)

    @classmethod
    def edit_of(cls, limits: Limits, job: Job, picture: Picture) -> Edit:
        """Return the square canvas around the picture.

        Raises: SizeUnsupported, PromptRefused for a picture that is square.
        """
        canvas = squared_canvas((picture.width, picture.height), job.spec, limits)
        if canvas.keeps_nothing:
            raise PromptRefused(message=str(ALREADY_SQUARE))
        return Edit(strength=None, canvas=canvas)


def _is_square(job: Job) -> bool:
    if job.edit is not None and job.edit.canvas is not None:
        return job.edit.canvas.width == job.edit.canvas.height
    width, _, height = str(job.spec.parameters.get("ar", "1:1")).partition(":")
    return width == height
