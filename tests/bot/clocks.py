"""The sandbox's time for tests of what is answered, not of how soon."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sandbox.state.clock import WallClock

UNHURRIED = timedelta(minutes=1)
"""How soon a bot is told that its Discord wants an answer."""


class UnhurriedClock(WallClock):
    """The machine's time, by which nothing falls due: on a busy machine three seconds are soon over."""

    def call_after(self, delay: timedelta, effect: Callable[[], None]) -> Callable[[], None]:
        """Forget the effect."""
        return lambda: None
