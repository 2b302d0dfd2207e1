"""When each message of a channel may be edited next, and which goes first; no clock and no network of its own.

Instants are time since any fixed start. Requests for one message are merged: a burst of changes is one edit.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from uuid import UUID

MIN_INTERVAL = timedelta(seconds=1.2)
"""The shortest time between two edits of one message."""

WINDOW = timedelta(seconds=5)
UNHURRIED_PER_WINDOW = 4
"""Discord takes five edits of a channel in five seconds. One is left to results, which then never wait for previews."""


class EditPriority(IntEnum):
    """What an edit is for; the higher values go first."""

    QUEUE_POSITION = 0
    PREVIEW = 1
    RESULT = 2


@dataclass(frozen=True, kw_only=True)
class PendingEdit:
    """An edit of a message, to be sent at `ready_at` or later."""

    priority: EditPriority
    ready_at: timedelta


class EditRateLimiter:
    """The pending edits of one channel."""

    def __init__(self) -> None:
        self._pending: dict[UUID, PendingEdit] = {}
        self._edited_at: dict[UUID, timedelta] = {}
        self._recent: deque[timedelta] = deque(maxlen=UNHURRIED_PER_WINDOW)

    def request(self, key: UUID, priority: EditPriority, now: timedelta, *, after: timedelta = timedelta()) -> None:
        """Request an edit, `after` some time at the earliest; a result is never demoted to a preview."""
        known = self._pending.get(key)
        rested = self._edited_at[key] + MIN_INTERVAL if key in self._edited_at else now
        ready_at = known.ready_at if known else max(rested, now)
        self._pending[key] = PendingEdit(
            priority=max(priority, known.priority) if known else priority,
            ready_at=max(ready_at, now + after) if after else ready_at,
        )

    def take_next(self, now: timedelta) -> UUID | None:
        """Take the next edit that is ready: results, then previews, then queue positions, the longest ready first."""
        due = [
            (-edit.priority, edit.ready_at, key) for key, edit in self._pending.items() if self._ready_at(edit) <= now
        ]
        if not due:
            return None
        key = min(due)[2]
        del self._pending[key]
        return key

    def record_edit(self, key: UUID, now: timedelta) -> None:
        """Record that the message has just been edited."""
        self._recent.append(now)
        self.rest(key, now)

    def rest(self, key: UUID, now: timedelta) -> None:
        """Let the message be as if it had been edited."""
        self._edited_at[key] = now
        if key in self._pending:
            edit = self._pending[key]
            self._pending[key] = PendingEdit(priority=edit.priority, ready_at=max(edit.ready_at, now + MIN_INTERVAL))

    def forget(self, key: UUID) -> None:
        """Remove everything about the message."""
        self._pending.pop(key, None)
        self._edited_at.pop(key, None)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is pending and no edit is recorded."""
        return not self._pending and not self._edited_at

    def time_until_next(self, now: timedelta) -> timedelta | None:
        """Return how long until an edit is ready, or None if none is pending."""
        if not self._pending:
            return None
        return max(timedelta(), min(map(self._ready_at, self._pending.values())) - now)

    def _ready_at(self, edit: PendingEdit) -> timedelta:
        """Return when the edit may be sent: previews and positions leave the channel room for a result."""
        if edit.priority is EditPriority.RESULT or len(self._recent) < UNHURRIED_PER_WINDOW:
            return edit.ready_at
        return max(edit.ready_at, self._recent[0] + WINDOW)
