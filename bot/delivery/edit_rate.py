"""When each message of a channel may be edited next, and which goes first; no clock and no network of its own.

Instants are time since any fixed start. Wishes for the same message are merged, so that a burst of changes is one edit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from uuid import UUID

MIN_INTERVAL = timedelta(seconds=2)
"""Between two edits of one message."""


class Urgency(IntEnum):
    """What goes first when not everything can go now."""

    PLACE = 0
    PREVIEW = 1
    RESULT = 2


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A message that should be shown anew, not before `ready_at`."""

    urgency: Urgency
    ready_at: timedelta


class Pace:
    """The wishes of one channel."""

    def __init__(self) -> None:
        self._wishes: dict[UUID, Wish] = {}
        self._shown_at: dict[UUID, timedelta] = {}

    def want(self, key: UUID, urgency: Urgency, now: timedelta, *, after: timedelta = timedelta()) -> None:
        """Ask for the message to be shown `after` some time at the earliest; a result is never demoted to a preview."""
        known = self._wishes.get(key)
        rested = self._shown_at[key] + MIN_INTERVAL if key in self._shown_at else now
        ready_at = known.ready_at if known else max(rested, now)
        self._wishes[key] = Wish(
            urgency=max(urgency, known.urgency) if known else urgency,
            ready_at=max(ready_at, now + after) if after else ready_at,
        )

    def choose(self, now: timedelta) -> UUID | None:
        """Take the wish that goes now: results, then previews, then places; of these what has been ready longest."""
        due = [(-wish.urgency, wish.ready_at, key) for key, wish in self._wishes.items() if wish.ready_at <= now]
        if not due:
            return None
        key = min(due)[2]
        del self._wishes[key]
        return key

    def record_shown(self, key: UUID, now: timedelta) -> None:
        """Note that the message has just been edited."""
        self._shown_at[key] = now
        if key in self._wishes:
            wish = self._wishes[key]
            self._wishes[key] = Wish(urgency=wish.urgency, ready_at=max(wish.ready_at, now + MIN_INTERVAL))

    def forget(self, key: UUID) -> None:
        """Drop everything about the message."""
        self._wishes.pop(key, None)
        self._shown_at.pop(key, None)

    @property
    def is_empty(self) -> bool:
        """Whether it remembers nothing."""
        return not self._wishes and not self._shown_at

    def pause(self, now: timedelta) -> timedelta | None:
        """Return how long until a wish is ready, or None when there is none."""
        if not self._wishes:
            return None
        return max(timedelta(), min(wish.ready_at for wish in self._wishes.values()) - now)
