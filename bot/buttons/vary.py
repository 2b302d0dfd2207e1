"""V1 to V4, and Vary under a single picture: a new grid of variations of that picture."""

from __future__ import annotations

from bot.buttons.base import FollowUpButton, numbered
from bot.cards import ButtonFace, CardKind
from bot.custom_ids import ONE_TO_FOUR
from engine.contract.feedback import Verb
from engine.contract.jobs import Job, Operation


class VaryButton(FollowUpButton, verb="vary", index=ONE_TO_FOUR):
    """Varies the picture that its index names."""

    rows = {CardKind.GRID: 1, CardKind.PICTURE: 0}
    event_verb = Verb.VARY
    operation = Operation.VARY

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return V1 to V4 for a grid, and Vary for a single picture."""
        if slot is None:
            return numbered(cls, job, "V")
        return (cls.face(job.id, slot + 1, label="Vary", emoji="🪄"),)
