"""Pictures in the format that a request asks for; originals are PNG and stay as they are."""

from __future__ import annotations

import asyncio
import io

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from engine.contract.painting import NUM_PICTURES
from engine.contract.provenance import PNG_KEY, PROVENANCE, PROVENANCE_TEXT

_ACROSS = 2


async def encoded(png: bytes, output_format: str, quality: int) -> bytes:
    """Return the picture as `png` itself, or as "jpeg" or "webp" of this quality, 0 to 100."""
    return png if output_format == "png" else await asyncio.to_thread(_encode, png, output_format, quality)


async def encoded_preview(jpeg: bytes, num_pictures: int, output_format: str, quality: int) -> bytes:
    """Return the preview of a grid; where one picture is wanted, that of its first."""
    return await asyncio.to_thread(_encode, jpeg, output_format, quality, is_first=num_pictures == 1)


def _encode(data: bytes, output_format: str, quality: int, *, is_first: bool = False) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        width, height = image.size
        shown = image.crop((0, 0, width // _ACROSS, height * _ACROSS // NUM_PICTURES)) if is_first else image
        # Each format takes one of the two, and ignores the other.
        about, out = PngInfo(), io.BytesIO()
        about.add_itxt(PNG_KEY, PROVENANCE_TEXT)
        shown.convert("RGB").save(out, output_format.upper(), quality=quality, pnginfo=about, xmp=PROVENANCE)
    return out.getvalue()
