"""The lock of the one training that may run on a device, which the kernel releases when its process ends."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.contract.errors import SettingsInvalid


@contextmanager
def hold_training_lock(home: Path, device: str) -> Iterator[None]:
    """Hold the lock of a device until the block ends.

    device: as torch names it.

    Raises: SettingsInvalid when another training on it holds it.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / f"learn-{device.replace(':', '-')}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            problem = f"Another training runs on this device ({device}). Run this again when it has ended."
            raise SettingsInvalid(problems=(problem,)) from error
        yield
