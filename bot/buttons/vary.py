"""V1 to V4 under a grid, and Vary (Subtle) and Vary (Strong) under a picture: a new grid of variations of a picture."""

from __future__ import annotations

from bot.buttons.base import FollowUpButton, numbered
from bot.cards import ButtonFace, CardKind
from bot.custom_ids import ONE_TO_FOUR
from bot.language import _
from engine.contract.edits import STRONG, SUBTLE, Edit
from engine.contract.feedback import Verb
from engine.contract.jobs import Job, Operation, Picture
from engine.prompt import Limits
from engine.prompt.checks.canvases import varied_canvas


class VaryButton(FollowUpButton, verb="vary", index=ONE_TO_FOUR):
    """Varies the picture that its index names."""

    rows = {CardKind.GRID: 1}
    event_verb = Verb.VARY
    operation = Operation.VARY
    strength = STRONG

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return V1 to V4; pictures that were delivered by earlier releases have one of these, called Vary."""
        return numbered(cls, job, "V")

    @classmethod
    def edit_of(cls, limits: Limits, job: Job, picture: Picture) -> Edit:
        """Return the strength, and the size of a picture that was extended or upscaled, which its prompt does not say.

        Raises: SizeUnsupported.
        """
        return Edit(strength=cls.strength, canvas=varied_canvas(picture, job, limits))


class VarySubtleButton(VaryButton, verb="subtle", index=ONE_TO_FOUR):
    """Varies the picture a little."""

    rows = {CardKind.PICTURE: 1}
    variation = "subtle"
    strength = SUBTLE

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        assert slot is not None
        return (cls.face(job.id, slot + 1, label=_("Vary (Subtle)"), emoji="🪄"),)


class VaryStrongButton(VaryButton, verb="strong", index=ONE_TO_FOUR):
    """Varies the picture as far as V1 to V4 do."""

    rows = {CardKind.PICTURE: 1}
    variation = "strong"

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return the one button."""
        assert slot is not None
        return (cls.face(job.id, slot + 1, label=_("Vary (Strong)"), emoji="🪄"),)
