"""The hidden folder that an export is written to, beside the one that it becomes when it is complete.

It has the target's name, and its writer holds a lock on it, which the kernel releases when the writer dies: two exports
to one folder meet there, and a folder that nobody holds was left by an export that was killed.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from engine.contract.errors import SettingsInvalid, StorageFull

_MARK = ".easel-export-"

P = ParamSpec("P")
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Staging:
    """The hidden folder; was_begun: whether an export to the same folder was killed, whose files are removed."""

    folder: Path
    was_begun: bool


@asynccontextmanager
async def atomic_folder(folder: Path, *, kept: str | None = None) -> AsyncIterator[Staging]:
    """Yield a hidden folder that is renamed to `folder` if the block succeeds and removed if it fails.

    kept: the name of a folder in it that is not removed with the rest of a killed export, but called as `left_over`
        says; whoever makes files in a folder of that name takes from there what it needs.

    Raises: StorageFull, SettingsInvalid when a file cannot be written or another export is writing to `folder`.
    """
    try:
        await in_thread(_remove_abandoned, folder)
        staging, lock, was_begun = await in_thread(_take_staging, folder, kept)
        try:
            yield Staging(folder=staging, was_begun=was_begun)
            if kept is not None:
                await in_thread(shutil.rmtree, left_over(staging / kept), ignore_errors=True)
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


def left_over(folder: Path) -> Path:
    """Return where the files are that a killed export had made in the folder."""
    return folder.with_name(f".{folder.name}-left-over")


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
    return await until_written(asyncio.to_thread(action, *args, **kwargs))


async def until_written(work: Coroutine[Any, Any, Result]) -> Result:
    """Do work that writes in a thread; when cancelled, wait for its end, as `in_thread` does."""
    running = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise


async def together(*works: Coroutine[Any, Any, Any]) -> list[Any]:
    """Run the works at once and return what they return; when one raises, the others are cancelled and waited for."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def _take_staging(folder: Path, kept: str | None) -> tuple[Path, int, bool]:
    """Return the hidden folder for `folder`, the open file that holds its lock, and whether it had been begun.

    It is empty but for what is left over.
    """
    staging = folder.parent / f".{folder.name}{_MARK}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    while True:
        was_there = staging.is_dir()
        staging.mkdir(exist_ok=True)
        with suppress(FileNotFoundError):
            lock = os.open(staging, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if _lock_emptied(staging, folder, lock, kept):
                    return staging, lock, was_there
            except BaseException:
                os.close(lock)
                raise
            os.close(lock)


def _lock_emptied(staging: Path, folder: Path, lock: int, kept: str | None) -> bool:
    """Lock the folder and empty it; return False if it was finished or removed meanwhile."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SettingsInvalid(problems=(f"Another export is writing to {folder}. Choose another folder.",)) from None
    if not staging.exists() or not os.path.samestat(os.fstat(lock), staging.stat()):
        return False
    require_empty(folder)
    left = None if kept is None else left_over(staging / kept)
    if kept is not None and left is not None:
        _gather(staging / kept, left)
    for path in staging.iterdir():
        if path == left:
            continue
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    return True


def _gather(made: Path, left: Path) -> None:
    """Move the files that an export had made to those that were left over before."""
    if made.is_dir() and not made.is_symlink() and not left.exists():
        made.rename(left)
        return
    for path in made.rglob("*"):
        if path.is_file() and not path.is_symlink():
            target = left / path.relative_to(made)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)


def _remove_abandoned(folder: Path) -> None:
    """Remove what killed exports to other folders have left beside this one."""
    for staging in folder.parent.glob(f".*{_MARK}*"):
        with suppress(OSError):
            # One that is empty may be that of an export that is about to lock it.
            if staging.name == f".{folder.name}{_MARK}" or not any(staging.iterdir()):
                continue
            lock = os.open(staging, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(staging, ignore_errors=True)
            finally:
                os.close(lock)
