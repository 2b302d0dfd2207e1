"""Who may have how much waiting; what is counted is read elsewhere."""

from __future__ import annotations

from engine.contract.errors import TooManyPending

MAX_PENDING = 40
"""Unfinished jobs a member may have at once: as many as one prompt with repeats can ask for."""


def refuse_excess(*, pending: int, asked: int, limit: int = MAX_PENDING) -> None:
    """Let a member with `pending` unfinished jobs add `asked` more only while the sum stays within `limit`.

    Raises: TooManyPending.
    """
    if pending + asked > limit:
        raise TooManyPending(pending=pending, limit=limit)
