"""Two pictures side by side, as one file."""

from __future__ import annotations

import asyncio
import io

from PIL import Image

from bot.delivery.attachments import ImageFile
from engine.contract.provenance import PROVENANCE

_MIN_HEIGHT, _MAX_HEIGHT = 320, 640
"""What a phone shows sharply, in pixels."""

_GAP = 12
_QUALITY = 90


async def side_by_side(left: bytes, right: bytes) -> ImageFile:
    """Return the pictures at the same height, with a transparent gap, as a WebP; made in a thread."""
    return await asyncio.to_thread(_compose, left, right)


def _compose(left: bytes, right: bytes) -> ImageFile:
    images = [_opened(data) for data in (left, right)]
    height = min(max(*(image.height for image in images), _MIN_HEIGHT), _MAX_HEIGHT)
    sized = [_at_height(image, height) for image in images]
    both = Image.new("RGBA", (sum(image.width for image in sized) + _GAP, height))
    both.paste(sized[0], (0, 0))
    both.paste(sized[1], (sized[0].width + _GAP, 0))
    encoded = io.BytesIO()
    both.save(encoded, "WEBP", quality=_QUALITY, method=0, xmp=PROVENANCE)
    return ImageFile(data=encoded.getvalue(), media_type="image/webp")


def _opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as opened:
        return opened.convert("RGB")


def _at_height(image: Image.Image, height: int) -> Image.Image:
    width = max(1, round(image.width * height / image.height))
    return image if image.height == height else image.resize((width, height), Image.Resampling.LANCZOS)
