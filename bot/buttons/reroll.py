"""The re-roll: the same request with another seed."""

from __future__ import annotations

from bot.buttons.base import FollowUpButton
from bot.cards import ButtonFace, CardKind
from engine.contract.feedback import Verb
from engine.contract.jobs import Job, Operation


class RerollButton(FollowUpButton, verb="reroll"):
    """Paints the job's grid or film again."""

    rows = {CardKind.GRID: 0, CardKind.PICTURE: 0}
    event_verb = Verb.REROLL

    @classmethod
    def faces(cls, job: Job, slot: int | None) -> tuple[ButtonFace, ...]:
        """Return the one button; a single picture has none, but a film has."""
        if slot is not None and job.operation is not Operation.ANIMATE:
            return ()
        return (cls.face(job.id, emoji="🔄"),)
