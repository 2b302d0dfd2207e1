"""Time as the sandbox sees it: the machine's, or one that a test moves by hand. It never sleeps."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the sandbox asks of time."""

    def now(self) -> datetime:
        """Return the current moment, aware."""

    def call_after(self, delay: timedelta, effect: Callable[[], None]) -> Callable[[], None]:
        """Run `effect` once `delay` has passed; the returned function cancels it."""


class WallClock:
    """The machine's time, on the running event loop."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def call_after(self, delay: timedelta, effect: Callable[[], None]) -> Callable[[], None]:
        return asyncio.get_running_loop().call_later(delay.total_seconds(), effect).cancel


class ManualClock:
    """Time that stands still until `advance`; it starts at the present, since clients read ids as moments."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC)
        self._order = itertools.count()
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._cancelled: set[int] = set()

    def now(self) -> datetime:
        return self._now

    def call_after(self, delay: timedelta, effect: Callable[[], None]) -> Callable[[], None]:
        number = next(self._order)
        heapq.heappush(self._due, (self._now + delay, number, effect))
        return lambda: self._cancelled.add(number)

    def advance(self, delay: timedelta) -> None:
        """Move time forward and run what has come due, in order, at its own moment."""
        end = self._now + delay
        while self._due and self._due[0][0] <= end:
            moment, number, effect = heapq.heappop(self._due)
            self._now = moment
            if number not in self._cancelled:
                effect()
            self._cancelled.discard(number)
        self._now = end
