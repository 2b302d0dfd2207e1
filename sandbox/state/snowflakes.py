"""Discord's ids: milliseconds since 2015 in the upper bits, so that ids sort by time."""

from datetime import UTC, datetime, timedelta

from sandbox.state.clock import Clock

EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
TIME_SHIFT = 22


class Snowflakes:
    """Generates strictly increasing ids, even within one millisecond. `last`: the largest one so far."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.last = 0

    def next(self) -> int:
        """Return a new id, larger than all before it."""
        self.last = max(snowflake_from_moment(self._clock.now()), self.last + 1)
        return self.last


def snowflake_from_moment(moment: datetime) -> int:
    """Return the smallest id of that millisecond."""
    return ((moment - EPOCH) // timedelta(milliseconds=1)) << TIME_SHIFT
