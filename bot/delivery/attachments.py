"""Shrinking pictures to Discord's attachment limit, in a thread; smaller ones are sent unchanged."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass, replace

from PIL import Image

from engine.content_credentials import MAX_OVERHEAD, UNSIGNED, ContentCredentials
from engine.contract.provenance import PROVENANCE

MAX_BYTES = 10 * 1024 * 1024
"""Discord's limit on an attachment in a server without boosts."""

_EXTENSIONS = {"image/png": "png", "image/webp": "webp", "image/jpeg": "jpg"}
_QUALITIES = (92, 80, 65)
_MAX_WEBP_SIDE = 16383
_MIN_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class ImageFile:
    """An image file to attach to a message; a spoiler is seen after a click alone."""

    data: bytes
    media_type: str
    is_spoiler: bool = False

    @property
    def extension(self) -> str:
        """The file name's extension, without the dot."""
        return _EXTENSIONS.get(self.media_type, "bin")


async def fit(
    attachment: ImageFile, *, max_bytes: int = MAX_BYTES, credentials: ContentCredentials = UNSIGNED
) -> ImageFile | None:
    """Return the picture within `max_bytes`: itself, or as a WebP, or smaller; None if that is still too large.

    credentials: what it is signed with.
    """
    most = max_bytes - (MAX_OVERHEAD if credentials.are_used else 0)
    fitting: ImageFile | None = attachment
    if len(attachment.data) > most:
        fitting = await asyncio.to_thread(_shrink, attachment.data, most)
    return fitting and await signed(fitting, credentials)


async def signed(attachment: ImageFile, credentials: ContentCredentials) -> ImageFile:
    """Return the picture with its content credentials, if there is a key for them."""
    if not credentials.are_used:
        return attachment
    return replace(attachment, data=await credentials.signed(attachment.data, attachment.media_type))


def _shrink(data: bytes, max_bytes: int) -> ImageFile | None:
    with Image.open(io.BytesIO(data)) as opened:
        image = opened.convert("RGB")
    for factor in (1, 2, 4, 8):
        smaller = image if factor == 1 else image.reduce(factor)
        if max(smaller.size) > _MAX_WEBP_SIDE:
            continue
        for quality in _QUALITIES:
            encoded = io.BytesIO()
            smaller.save(encoded, "WEBP", quality=quality, method=0, xmp=PROVENANCE)
            if encoded.tell() <= max_bytes:
                return ImageFile(data=encoded.getvalue(), media_type="image/webp")
    return None


def next_size_limit(size_bytes: int) -> int:
    """Return the next limit to try: half of the size, or 0, which sends no picture, once that is pointless."""
    return size_bytes // 2 if size_bytes > _MIN_BYTES else 0
