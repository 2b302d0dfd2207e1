"""The lock of the one backup that may run into a folder, which the kernel releases when it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.contract.errors import SettingsInvalid


@contextmanager
def hold_backup_lock(folder: Path) -> Iterator[None]:
    """Hold the lock until the block ends; no file is made for it.

    Raises: SettingsInvalid when another backup holds it.
    """
    opened = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            problem = "Another backup into this folder is running. Wait until it has ended, or choose another folder."
            raise SettingsInvalid(problems=(problem,)) from error
        yield
    finally:
        os.close(opened)
