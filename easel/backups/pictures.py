"""Copies every picture that a database names from its store into a folder, and back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Collection
from pathlib import Path

from engine.contract.errors import PictureCorrupt
from engine.store.file_copies import key_from_bytes
from engine.store.objects import Objects

_AT_ONCE = 8

Report = Callable[[int], None]
"""Called with the number of pictures that are done."""


async def copy_pictures(
    objects: Objects, keys: AsyncIterable[Collection[str]], folder: Path, report: Report
) -> tuple[set[str], list[str]]:
    """Copy those that are not in the folder yet; return all keys, and those that the store does not have whole.

    Raises: PictureStoreUnavailable, OSError when the folder cannot be written.
    """
    copied, missing = set[str](), []
    async for batch in keys:
        results = await _together([_copy(objects, key, folder) for key in batch])
        missing += [key for key, is_whole in zip(batch, results, strict=True) if not is_whole]
        copied.update(batch)
        report(len(copied))
    return copied - set(missing), missing


async def _copy(objects: Objects, key: str, folder: Path) -> bool:
    path = folder / key
    if await asyncio.to_thread(path.exists):
        return True
    try:
        await objects.copy(key, path)
    except PictureCorrupt:
        return False
    return True


async def put_pictures(objects: Objects, folder: Path, report: Report) -> list[str]:
    """Store every picture of the folder; return the keys of those that are damaged, which are left out.

    Raises: PictureStoreUnavailable, StorageFull.
    """
    # Names with a dot are of copies that a killed backup did not end.
    files = await asyncio.to_thread(lambda: sorted(path for path in folder.rglob("[!.]*") if path.is_file()))
    damaged = []
    for start in range(0, len(files), _AT_ONCE):
        batch = files[start : start + _AT_ONCE]
        results = await _together([_put(objects, file, folder) for file in batch])
        damaged += [file.relative_to(folder).as_posix() for file, ok in zip(batch, results, strict=True) if not ok]
        report(start + len(batch))
    return damaged


async def _put(objects: Objects, file: Path, folder: Path) -> bool:
    data = await asyncio.to_thread(file.read_bytes)
    if key_from_bytes(data, file.suffix) != file.relative_to(folder).as_posix():
        return False
    await objects.put(data, file.suffix)
    return True


async def _together(work: list[Awaitable[bool]]) -> list[bool]:
    """Return the results, a few at a time; the first error ends all."""
    limit = asyncio.Semaphore(_AT_ONCE)

    async def limited(one: Awaitable[bool]) -> bool:
        async with limit:
            return await one

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(limited(one)) for one in work]
    return [task.result() for task in tasks]


def remove_others(folder: Path, kept: Collection[str]) -> int:
    """Remove the pictures that the database does not name any more, as after an erasure; return how many."""
    others = [path for path in folder.rglob("*") if path.is_file() and path.relative_to(folder).as_posix() not in kept]
    for path in others:
        path.unlink()
    return len(others)
