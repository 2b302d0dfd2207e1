"""How many unfinished jobs a member may have."""

from __future__ import annotations

from engine.contract.errors import TooManyPending

MAX_PENDING = 40
"""The limit of unfinished jobs per member: as many as one prompt with `--repeat` can ask for."""


def check_quota(*, pending: int, num_new: int, limit: int | None = None) -> None:
    """Check that a member with `pending` unfinished jobs may add `num_new` more.

    limit: of this member, where an operator has set one.

    Raises: TooManyPending if the sum exceeds the limit.
    """
    limit = MAX_PENDING if limit is None else limit
    if pending + num_new > limit:
        raise TooManyPending(pending=pending, limit=limit)
