"""Picture files as exports publish them: without text, signed, and damaged ones named instead of skipped in silence."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from engine.content_credentials import ContentCredentials
from engine.contract.errors import PictureCorrupt
from engine.feedback.anonymize import is_whole_png, strip_png_metadata
from engine.feedback.exports.made import Made
from engine.feedback.exports.staging import in_thread
from engine.store.file_copies import write_whole
from engine.store.objects import Objects

_KEPT_BYTES = 48 * 2**20


class PictureFiles:
    """Reads picture files; some are kept in memory, as the pictures of one prompt are in many pairs.

    Files that are placed under several names are one file on the disk, by links from a folder of all of them. What an
    export that was killed had placed is used again.

    damaged: keys of files that are missing or altered, in the order in which they were found.
    """

    def __init__(self, objects: Objects, made: Made, credentials: ContentCredentials) -> None:
        self.damaged: dict[str, None] = {}
        self._objects = objects
        self._made = made
        self._credentials = credentials
        self._kept: dict[str, bytes] = {}
        self._kept_bytes = 0
        self._begun: dict[str, asyncio.Task[bytes]] = {}

    async def take_over(self) -> None:
        """Take over which files an export that was killed had found to be damaged."""
        folder, left = self._made.damaged()
        for mark in await in_thread(lambda: [path for path in left.rglob("*") if path.is_file()]):
            key = mark.relative_to(left).as_posix()
            self.damaged[key] = None
            await in_thread(write_whole, folder / key, b"")

    def begin(self, key: str, uid: str) -> None:
        """Read the file ahead; whoever calls this will read it soon. `uid` is the picture's new id."""
        if not (key in self._kept or key in self._begun or key in self.damaged):
            self._begun[key] = asyncio.create_task(self._load(key, uid))

    def is_damaged(self, key: str) -> bool:
        """Return whether the file was found to be damaged."""
        return key in self.damaged

    async def is_intact(self, key: str, uid: str) -> bool:
        """Return whether the file is neither missing nor altered.

        Raises: StoreUnavailable.
        """
        if key in self.damaged:
            return False
        try:
            await self.read_intact(key, uid)
        except PictureCorrupt:
            self.damaged[key] = None
            await in_thread(write_whole, self._made.damaged()[0] / key, b"")
            return False
        return True

    async def read_intact(self, key: str, uid: str) -> bytes:
        """Return the file without its text chunks, signed where there is a key.

        Raises: PictureCorrupt when it is damaged by now, StoreUnavailable.
        """
        if key in self._kept:
            return self._kept[key]
        begun = self._begun.pop(key, None)
        data = await (self._load(key, uid) if begun is None else begun)
        if self._kept_bytes + len(data) <= _KEPT_BYTES:
            self._kept[key] = data
            self._kept_bytes += len(data)
        return data

    async def place(self, key: str, uid: str, path: Path) -> None:
        """Make the file at `path`.

        Raises: PictureCorrupt when it is damaged by now, StoreUnavailable.
        """
        data = await self.read_intact(key, uid)
        await in_thread(_place, _pooled(self._made.pictures()[0], uid), path, data)

    def forget(self) -> None:
        """Free the memory, at the end of a prompt."""
        self._kept.clear()
        self._kept_bytes = 0

    async def close(self) -> None:
        """Give up what is being read ahead."""
        for begun in self._begun.values():
            begun.cancel()
        await asyncio.gather(*self._begun.values(), return_exceptions=True)
        self._begun.clear()

    async def _load(self, key: str, uid: str) -> bytes:
        pool, left = self._made.pictures()
        placed = await in_thread(_read_placed, _pooled(pool, uid), _pooled(left, uid))
        if placed is not None:
            return placed
        return await self._credentials.signed(
            await in_thread(strip_png_metadata, await self._objects.get(key)), "image/png"
        )


def _pooled(folder: Path, uid: str) -> Path:
    return folder / uid[:2] / uid


def _read_placed(pooled: Path, left: Path) -> bytes | None:
    """Return the file that was placed, by this export or one that was killed; None if there is none that is whole."""
    for path in (pooled, left):
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            continue
        if is_whole_png(data):
            if path is left:
                pooled.parent.mkdir(parents=True, exist_ok=True)
                left.replace(pooled)
            return data
    return None


def _place(pooled: Path, path: Path, data: bytes) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if not pooled.exists():
        pooled.parent.mkdir(parents=True, exist_ok=True)
        pooled.write_bytes(data)
    try:
        os.link(pooled, path)
    except OSError:
        # Some file systems have no links, and all have a most of them.
        path.write_bytes(data)
