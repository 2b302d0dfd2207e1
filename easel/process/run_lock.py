"""Which port `easel run` uses for an EASEL_HOME: it holds a shared file lock, and the file names the port."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK_NAME = "run.lock"


@contextmanager
def hold_run_lock(home: Path, port: int) -> Iterator[None]:
    """Hold the lock of `easel run` for the duration of the block, with the port of the chat page."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / _LOCK_NAME).open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        lock.truncate(0)
        lock.write(f"{port}\n")
        lock.flush()
        yield


def running_port(home: Path) -> int | None:
    """Return the port of the chat page of the `easel run` that runs for this home, or None if none does."""
    try:
        with (home / _LOCK_NAME).open("r+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read() or 0)
    except (OSError, ValueError):
        return None
    return None
