"""Whether an engine is running for an EASEL_HOME: engines hold a shared file lock, which the kernel releases."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK_NAME = "engines.lock"


@contextmanager
def hold_engine_lock(home: Path) -> Iterator[None]:
    """Hold the engine lock of `home` for the duration of the block."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / _LOCK_NAME).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def is_engine_running(home: Path) -> bool:
    """Return whether any process holds the engine lock of `home`."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / _LOCK_NAME).open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
