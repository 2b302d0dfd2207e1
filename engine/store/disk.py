"""Whether a disk has room for an embedded Postgres."""

from __future__ import annotations

import shutil
from pathlib import Path

# Two files of the transaction log, of which a server that starts may need a new one.
_MIN_FREE_BYTES = 32 * 2**20


def is_disk_full(folder: Path) -> bool:
    """Return whether the disk of the folder has less room than Postgres needs to start."""
    try:
        return shutil.disk_usage(folder).free < _MIN_FREE_BYTES
    except OSError:
        return False
