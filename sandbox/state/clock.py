"""The sandbox's clock: the system's, or one that a test advances."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of time that can schedule callbacks."""

    def now(self) -> datetime:
        """Return the current time, timezone-aware."""

    def call_after(self, delay: timedelta, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` after `delay`. The returned function cancels it."""


class WallClock:
    """The system clock, scheduling on the running event loop."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def call_after(self, delay: timedelta, callback: Callable[[], None]) -> Callable[[], None]:
        return asyncio.get_running_loop().call_later(delay.total_seconds(), callback).cancel


class ManualClock:
    """A clock that moves only on `advance`. It starts at the current time, since clients read ids as timestamps."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC)
        self._order = itertools.count()
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._cancelled: set[int] = set()

    def now(self) -> datetime:
        return self._now

    def call_after(self, delay: timedelta, callback: Callable[[], None]) -> Callable[[], None]:
        number = next(self._order)
        heapq.heappush(self._due, (self._now + delay, number, callback))
        return lambda: self._cancelled.add(number)

    def advance(self, delay: timedelta) -> None:
        """Advance the clock and run due callbacks in order, each at its own time."""
        end = self._now + delay
        while self._due and self._due[0][0] <= end:
            moment, number, callback = heapq.heappop(self._due)
            self._now = moment
            if number not in self._cancelled:
                callback()
            self._cancelled.discard(number)
        self._now = end
