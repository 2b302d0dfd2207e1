"""Several pictures, small and numbered, as one file."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from bot.delivery.attachments import ImageFile
from engine.contract.provenance import PROVENANCE

_SIDE, _GAP, _COLUMNS = 256, 8, 3
_LABEL = 36
_QUALITY = 85


async def contact_sheet(files: Sequence[bytes | None]) -> ImageFile:
    """Return the pictures, at least one, in rows of three with their numbers, as a WebP; made in a thread.

    files: None for one that is lost, which leaves its place empty.
    """
    return await asyncio.to_thread(_compose, files)


def _compose(files: Sequence[bytes | None]) -> ImageFile:
    columns, rows = min(len(files), _COLUMNS), -(-len(files) // _COLUMNS)
    step = _SIDE + _GAP
    sheet = Image.new("RGBA", (columns * step - _GAP, rows * step - _GAP))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=24)
    for at, data in enumerate(files):
        left, top = at % _COLUMNS * step, at // _COLUMNS * step
        small = _small(data) if data else Image.new("RGB", (_SIDE, _SIDE), "#404040")
        sheet.paste(small, (left + (_SIDE - small.width) // 2, top + (_SIDE - small.height) // 2))
        draw.rectangle((left, top, left + _LABEL, top + _LABEL), fill="#000000")
        draw.text((left + _LABEL / 2, top + _LABEL / 2), f"{at + 1}", fill="#ffffff", font=font, anchor="mm")
    encoded = io.BytesIO()
    sheet.save(encoded, "WEBP", quality=_QUALITY, method=0, xmp=PROVENANCE)
    return ImageFile(data=encoded.getvalue(), media_type="image/webp")


def _small(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as opened:
        # A JPEG is decoded at a fraction of its size.
        opened.draft("RGB", (_SIDE, _SIDE))
        image = opened.convert("RGB")
    image.thumbnail((_SIDE, _SIDE), Image.Resampling.BILINEAR)
    return image
