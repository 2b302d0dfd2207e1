"""Picture files as exports publish them: without text, and damaged ones named instead of skipped in silence."""

from __future__ import annotations

from engine.contract.errors import PictureCorrupt
from engine.feedback.anonymize import strip_png_metadata
from engine.store.objects import Objects

_KEPT_BYTES = 48 * 2**20


class PictureFiles:
    """Reads picture files; some are kept in memory, as the pictures of one prompt are in many pairs.

    damaged: keys of files that are missing or altered, in the order in which they were found.
    """

    def __init__(self, objects: Objects) -> None:
        self.damaged: dict[str, None] = {}
        self._objects = objects
        self._kept: dict[str, bytes] = {}
        self._kept_bytes = 0

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
        data = strip_png_metadata(await self._objects.get(key))
        if self._kept_bytes + len(data) <= _KEPT_BYTES:
            self._kept[key] = data
            self._kept_bytes += len(data)
        return data

    def forget(self) -> None:
        """Free the memory, at the end of a prompt."""
        self._kept.clear()
        self._kept_bytes = 0
