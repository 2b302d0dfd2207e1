"""How many unfinished jobs a member may have."""

from __future__ import annotations

from engine.contract.errors import TooManyPending

MAX_PENDING = 40
"""The limit of unfinished jobs per member: as many as one prompt with `--repeat` can ask for."""


def check_quota(*, pending: int, num_new: int, limit: int = MAX_PENDING) -> None:
    """Check that a member with `pending` unfinished jobs may add `num_new` more.

    Raises: TooManyPending if the sum exceeds `limit`.
    """
    if pending + num_new > limit:
        raise TooManyPending(pending=pending, limit=limit)
