"""Picture files as exports publish them: without text, and damaged ones named instead of skipped in silence."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

from engine.contract.errors import PictureCorrupt
from engine.feedback.anonymize import strip_png_metadata
from engine.feedback.exports.staging import in_thread
from engine.store.objects import Objects

_KEPT_BYTES = 48 * 2**20


class PictureFiles:
    """Reads picture files; some are kept in memory, as the pictures of one prompt are in many pairs.

    Files that are placed under several names are one file on the disk, by links from the folder `pool`.

    damaged: keys of files that are missing or altered, in the order in which they were found.
    """

    def __init__(self, objects: Objects, pool: Path) -> None:
        self.damaged: dict[str, None] = {}
        self._objects = objects
        self._pool = pool
        self._kept: dict[str, bytes] = {}
        self._kept_bytes = 0
        self._begun: dict[str, asyncio.Task[bytes]] = {}

    def begin(self, key: str) -> None:
        """Read the file ahead; whoever calls this will read it soon."""
        if not (key in self._kept or key in self._begun or key in self.damaged):
            self._begun[key] = asyncio.create_task(self._load(key))

    async def read(self, key: str) -> bytes | None:
        """Return the file without its text chunks; None if it is damaged.

        Raises: StoreUnavailable.
        """
        if key in self.damaged:
            return None
        try:
            return await self.read_intact(key)
        except PictureCorrupt:
            self.damaged[key] = None
            return None

    async def read_intact(self, key: str) -> bytes:
        """Return the file without its text chunks.

        Raises: PictureCorrupt when it is damaged by now, StoreUnavailable.
        """
        if key in self._kept:
            return self._kept[key]
        begun = self._begun.pop(key, None)
        data = await (self._load(key) if begun is None else begun)
        if self._kept_bytes + len(data) <= _KEPT_BYTES:
            self._kept[key] = data
            self._kept_bytes += len(data)
        return data

    async def place(self, key: str, uid: str, path: Path) -> None:
        """Make the file at `path`; `uid` is the picture's new id.

        Raises: PictureCorrupt when it is damaged by now, StoreUnavailable.
        """
        data = await self.read_intact(key)
        await in_thread(_place, self._pool / uid[:2] / uid, path, data)

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

    def drop_pool(self) -> None:
        """Remove the folder of links, at the end of the export."""
        shutil.rmtree(self._pool, ignore_errors=True)

    async def _load(self, key: str) -> bytes:
        return await in_thread(strip_png_metadata, await self._objects.get(key))


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
