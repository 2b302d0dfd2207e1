"""Whether an engine works on this machine's home: engines hold a file lock, which the kernel drops with them."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NAME = "engines.lock"


@contextmanager
def hold_engine_lock(home: Path) -> Iterator[None]:
    """Count as an engine of `home` while the block runs."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / _NAME).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def is_engine_running(home: Path) -> bool:
    """Return whether any process counts as an engine of `home` now."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / _NAME).open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
