"""⬅️ ➡️ ⬆️ ⬇️: a new grid in which the picture goes on to one side."""

from __future__ import annotations

from typing import ClassVar

from bot.buttons.base import FollowUpButton
from bot.cards import ButtonFace, CardKind
from bot.custom_ids import ONE_TO_FOUR
from bot.replies.followup_replies import pan_too_large
from engine.contract.edits import Edit
from engine.contract.errors import PromptRefused, SizeUnsupported
from engine.contract.feedback import Verb
from engine.contract.jobs import Job, Operation, Picture
from engine.prompt import Limits
from engine.prompt.checks.canvases import PanDirection, panned_canvas


class PanLeftButton(FollowUpButton, verb="panleft", index=ONE_TO_FOUR):
    """Extends the picture to the left."""

    rows = {CardKind.PICTURE: 3}
    event_verb = Verb.PAN
    operation = Operation.PAN
    variation = "left"
    emoji: ClassVar[str] = "⬅️"

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        assert slot is not None
        return (cls.face(job.id, slot + 1, emoji=cls.emoji),)

    @classmethod
    def edit_of(cls, limits: Limits, job: Job, picture: Picture) -> Edit:
        """Return the canvas that is larger on one side.

        Raises: PromptRefused for one larger than the model paints.
        """
        size, direction = (picture.width, picture.height), PanDirection(str(cls.variation))
        try:
            canvas = panned_canvas(size, direction, job.spec, limits)
        except SizeUnsupported as error:
            message = pan_too_large(error.width, error.height, error.model)
            raise PromptRefused(message=message) from error
        return Edit(strength=None, canvas=canvas)


class PanRightButton(PanLeftButton, verb="panright", index=ONE_TO_FOUR):
    """Extends the picture to the right."""

    variation = "right"
    emoji = "➡️"


class PanUpButton(PanLeftButton, verb="panup", index=ONE_TO_FOUR):
    """Extends the picture upwards."""

    variation = "up"
    emoji = "⬆️"


class PanDownButton(PanLeftButton, verb="pandown", index=ONE_TO_FOUR):
    """Extends the picture downwards."""

    variation = "down"
    emoji = "⬇️"
