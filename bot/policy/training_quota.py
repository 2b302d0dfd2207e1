"""How many LoRAs a member may train a month, by their plan."""

from __future__ import annotations

import re
from datetime import datetime

from bot.policy.plans import NO_LIMIT, Period, Plan, TimeSpent, renewed_at
from engine.contract.errors import RequestError

_COUNT = re.compile(r"[0-9]{1,3}")


class CountUnreadable(RequestError):
    """A text is no number of trainings; the fact `text` has it."""


class TrainingsUsedUp(RequestError):
    """The member has trained as many LoRAs this month as their plan allows; there are more at `renewed_at`."""

    def __init__(self, *, plan: Plan, limit: int, renewed_at: datetime) -> None:
        super().__init__(plan=plan.name, limit=limit)
        self.limit, self.renewed_at = limit, renewed_at


def check_trainings(plan: Plan, spent: TimeSpent, now: datetime) -> None:
    """Check that the plan allows another training this month.

    Raises: TrainingsUsedUp.
    """
    if plan.trainings is not None and spent.trainings >= plan.trainings:
        raise TrainingsUsedUp(plan=plan, limit=plan.trainings, renewed_at=renewed_at(Period.MONTH, now))


def count_from_text(text: str) -> int | None:
    """Return the number of trainings that the text says, None for no limit.

    Raises: CountUnreadable.
    """
    word = text.strip()
    if word.lower() in NO_LIMIT:
        return None
    if not _COUNT.fullmatch(word):
        raise CountUnreadable(text=text[:40])
    return int(word)
