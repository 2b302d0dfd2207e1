"""Making a picture small enough for Discord, in a thread; what is already small enough is sent as it is."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass

from PIL import Image

MAX_BYTES = 10 * 1024 * 1024
"""Discord's limit on one attachment where nobody paid for more."""

_ENDINGS = {"image/png": "png", "image/webp": "webp", "image/jpeg": "jpg"}
_QUALITIES = (92, 80, 65)
_MAX_WEBP_SIDE = 16383


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """An image file as it goes to Discord."""

    data: bytes
    media_type: str

    @property
    def ending(self) -> str:
        """The file name's ending, without its dot."""
        return _ENDINGS.get(self.media_type, "bin")


async def fit(attachment: Attachment, *, max_bytes: int = MAX_BYTES) -> Attachment | None:
    """Return the picture within `max_bytes`: itself, else a WebP, else a smaller one; None when none fits."""
    if len(attachment.data) <= max_bytes:
        return attachment
    return await asyncio.to_thread(_shrink, attachment.data, max_bytes)


def _shrink(data: bytes, max_bytes: int) -> Attachment | None:
    with Image.open(io.BytesIO(data)) as opened:
        image = opened.convert("RGB")
    for factor in (1, 2, 4, 8):
        smaller = image if factor == 1 else image.reduce(factor)
        if max(smaller.size) > _MAX_WEBP_SIDE:
            continue
        for quality in _QUALITIES:
            encoded = io.BytesIO()
            smaller.save(encoded, "WEBP", quality=quality, method=0)
            if encoded.tell() <= max_bytes:
                return Attachment(data=encoded.getvalue(), media_type="image/webp")
    return None
