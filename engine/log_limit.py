"""Limits repeated warnings and errors, so that an outage does not fill the disk with what is already known."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

MOST_A_MINUTE = 10
_SECONDS = 60.0
_MAX_KINDS = 1000


@dataclass(kw_only=True)
class Repeats:
    """How often lines of one kind came since `began`, in seconds."""

    began: float
    count: int = 0


class RepeatLimit(logging.Filter):
    """Lets ten warnings or errors of a kind through in a minute; the next minute's first says how many were left out.

    Lines are of one kind when they come from the same logger with the same event, error and cause.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._kinds: dict[Hashable, Repeats] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the line is written."""
        if record.levelno < logging.WARNING:
            return True
        kind, now = _kind_of(record), self._clock()
        repeats = self._kinds.get(kind)
        if repeats is None or now - repeats.began >= _SECONDS:
            if repeats is not None and repeats.count > MOST_A_MINUTE:
                _note_left_out(record, repeats.count - MOST_A_MINUTE)
            self._forget(now)
            repeats = self._kinds[kind] = Repeats(began=now)
        repeats.count += 1
        return repeats.count <= MOST_A_MINUTE

    def _forget(self, now: float) -> None:
        """Forget old kinds once there are many."""
        if len(self._kinds) >= _MAX_KINDS:
            self._kinds = {kind: one for kind, one in self._kinds.items() if now - one.began < _SECONDS}


def _kind_of(record: logging.LogRecord) -> Hashable:
    if isinstance(record.msg, dict):
        line = record.msg
        error = line.get("exc_info")
        about = type(error).__name__ if isinstance(error, BaseException) else str(error)
        return record.name, line.get("event"), str(line.get("error")), str(line.get("cause")), about
    return record.name, str(record.msg), str(record.exc_info and record.exc_info[0])


def _note_left_out(record: logging.LogRecord, count: int) -> None:
    if isinstance(record.msg, dict):
        record.msg = {**record.msg, "left_out": count}
    else:
        record.left_out = count
