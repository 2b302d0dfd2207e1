"""Copying files inside the kernel, where it can: on file systems that can share what is the same, without copying."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import BinaryIO

_AT_ONCE = 2**20
# What kernels and file systems say that cannot.
_CANNOT = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.EBADF})


def append_file(source: Path, target: BinaryIO) -> None:
    """Write the whole file where `target`, which has nothing in its buffer, is at, and leave it at the end of that."""
    with source.open("rb") as file:
        left = os.fstat(file.fileno()).st_size
        while left and (copied := _copy_some(file, target, left)):
            left -= copied
        shutil.copyfileobj(file, target, _AT_ONCE)


def _copy_some(source: BinaryIO, target: BinaryIO, most: int) -> int:
    """Return how many bytes the kernel has copied; 0 where it cannot, such as on another system than Linux."""
    if not hasattr(os, "copy_file_range"):
        return 0
    try:
        return os.copy_file_range(source.fileno(), target.fileno(), most)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
        return 0
