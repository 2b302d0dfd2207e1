"""Small copies of pictures for pages that strangers open: made one at a time, and kept in memory up to a limit."""

from __future__ import annotations

import asyncio
import io
from collections import OrderedDict

from PIL import Image

from engine.contract.provenance import PROVENANCE
from engine.store.objects import Objects

WIDTHS = (384, 1280)
_MAX_BYTES = 32 * 2**20


class Thumbnails:
    """Small copies, the ones that were asked for last."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._size = 0
        self._making = asyncio.Semaphore(1)

    async def get(self, key: str, width: int) -> bytes:
        """Return the picture as WebP, at most so wide and high.

        Raises: PictureCorrupt, StoreUnavailable.
        """
        if (key, width) not in self._kept:
            async with self._making:
                if (key, width) not in self._kept:
                    self._keep((key, width), await asyncio.to_thread(_shrink, await self._objects.get(key), width))
        self._kept.move_to_end((key, width))
        return self._kept[key, width]

    def _keep(self, name: tuple[str, int], data: bytes) -> None:
        self._kept[name] = data
        self._size += len(data)
        while self._size > _MAX_BYTES and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._size -= len(dropped)


def _shrink(data: bytes, width: int) -> bytes:
    with Image.open(io.BytesIO(data)) as picture:
        small = picture.convert("RGB")
        small.thumbnail((width, width))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=82, xmp=PROVENANCE)
    return buffer.getvalue()
