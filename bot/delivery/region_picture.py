"""A picture under a grid of numbered cells, as one file."""

from __future__ import annotations

import asyncio
import io

from PIL import Image, ImageDraw, ImageFont

from bot.delivery.attachments import ImageFile
from engine.contract.edits import CELLS, cell_box, whole_canvas
from engine.contract.errors import PictureCorrupt
from engine.contract.provenance import PROVENANCE

_LONGEST, _SHORTEST = 960, 480
"""Of the longer side, what a phone shows sharply, in pixels."""

_QUALITY = 90


async def with_cells(picture: bytes) -> ImageFile:
    """Return the picture with the lines between its cells and a number in each, as a WebP; made in a thread.

    Raises: PictureCorrupt.
    """
    return await asyncio.to_thread(_draw, picture)


def _draw(picture: bytes) -> ImageFile:
    image = _sized(_opened(picture))
    draw = ImageDraw.Draw(image)
    stroke = max(2, min(image.size) // 160)
    font = ImageFont.load_default(size=max(16, min(image.size) // 12))
    canvas = whole_canvas(image.width, image.height)
    for cell in CELLS:
        box = cell_box(canvas, cell)
        corners = (box.left, box.top, box.left + box.width, box.top + box.height)
        # Black and white together are seen on every picture.
        draw.rectangle(corners, outline="black", width=stroke + 2)
        draw.rectangle(corners, outline="white", width=stroke)
        inset = 3 * stroke
        at = (box.left + inset, box.top + inset)
        draw.text(at, str(cell), fill="white", font=font, stroke_width=stroke, stroke_fill="black")
    encoded = io.BytesIO()
    image.save(encoded, "WEBP", quality=_QUALITY, method=0, xmp=PROVENANCE)
    return ImageFile(data=encoded.getvalue(), media_type="image/webp")


def _opened(picture: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(picture)) as opened:
            return opened.convert("RGB")
    except OSError as error:
        raise PictureCorrupt(cause=str(error)) from error


def _sized(image: Image.Image) -> Image.Image:
    longest = max(image.size)
    side = min(max(longest, _SHORTEST), _LONGEST)
    width, height = (max(1, round(length * side / longest)) for length in image.size)
    return image if longest == side else image.resize((width, height), Image.Resampling.LANCZOS)
