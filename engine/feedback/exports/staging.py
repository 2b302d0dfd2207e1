"""The hidden folder that an export is written to, beside the one that it becomes when it is complete.

Its writer holds a lock on it, which the kernel releases when the writer dies: a folder that nobody holds was left by
an export that was killed.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import ParamSpec, TypeVar

from engine.contract.errors import SettingsInvalid, StorageFull

_MARK = ".easel-export-"

P = ParamSpec("P")
Result = TypeVar("Result")


@asynccontextmanager
async def atomic_folder(folder: Path) -> AsyncIterator[Path]:
    """Yield a hidden folder that is renamed to `folder` if the block succeeds and removed if it fails.

    Raises: StorageFull, SettingsInvalid when a file cannot be written.
    """
    try:
        await in_thread(_remove_abandoned, folder.parent)
        staging, lock = _make_staging(folder)
        try:
            yield staging
            await in_thread(os.replace, staging, folder)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        finally:
            os.close(lock)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StorageFull(path=folder) from error
        raise SettingsInvalid(problems=(f"Cannot write to {folder}: {error.strerror}",)) from error


def require_empty(folder: Path) -> Path:
    """Return the folder's absolute path.

    Raises: SettingsInvalid when it exists and is not an empty folder.
    """
    folder = folder.expanduser().absolute()
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        problem = f"{folder} already exists and is not an empty folder. Choose another."
        raise SettingsInvalid(problems=(problem,))
    return folder


async def in_thread(action: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    """Run `action` in a thread; when cancelled, wait for its end, so that it writes nothing after the clean-up."""
    running = asyncio.ensure_future(asyncio.to_thread(action, *args, **kwargs))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise


def _make_staging(folder: Path) -> tuple[Path, int]:
    """Return a new hidden folder for `folder`, and the open file descriptor that holds its lock."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    while True:
        staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}{_MARK}", dir=folder.parent))
        lock = os.open(staging, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if staging.exists():
            # mkdtemp makes the folder private; give it the usual permissions.
            staging.chmod(0o755)
            return staging, lock
        # Another export took it for an abandoned one before it was locked.
        os.close(lock)


def _remove_abandoned(parent: Path) -> None:
    for staging in parent.glob(f".*{_MARK}*"):
        with suppress(OSError):
            lock = os.open(staging, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(staging, ignore_errors=True)
            finally:
                os.close(lock)
