"""Pictures as files: PNG originals with their recipe, the grid that members see, small previews; no tensors.

`Pixels` are uint8 [height, width, 3] in 0 to 255, RGB.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from engine.contract.provenance import PNG_KEY, PROVENANCE, PROVENANCE_TEXT

Pixels = NDArray[np.uint8]

PREVIEW_SIDE = 256
MAX_GRID_BYTES = 10 * 1024 * 1024

# measured 2026-11, reference/performance.md section 6: zlib level 1 is four times faster for a tenth more bytes
_PNG_LEVEL = 1
_GRID_QUALITIES = (90, 80, 60, 40)


def png_from_pixels(pixels: Pixels, parameters: str) -> bytes:
    """Return a PNG of the picture, its origin, and the text in its `parameters` chunk, where A1111 writes it too."""
    about = PngInfo()
    about.add_itxt("parameters", parameters) if not parameters.isascii() else about.add_text("parameters", parameters)
    about.add_itxt(PNG_KEY, PROVENANCE_TEXT)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", pnginfo=about, compress_level=_PNG_LEVEL)
    return out.getvalue()


def grid_from_pixels(pictures: Sequence[Pixels]) -> tuple[bytes, str]:
    """Return the pictures as one image with its media type, tiled 1 2 / 3 4, under MAX_GRID_BYTES.

    pictures: of one size. Small grids are lossless WebP; large ones JPEG, which encodes ten times faster.
    """
    grid = Image.fromarray(tiled(pictures))
    if grid.width * grid.height <= _SMALL_PIXELS:
        return _encoded(grid, "WEBP", lossless=True, method=0), "image/webp"
    for quality in _GRID_QUALITIES:
        encoded = _encoded(grid, "JPEG", quality=quality)
        if len(encoded) < MAX_GRID_BYTES:
            break
    return encoded, "image/jpeg"


def preview_from_pixels(pictures: Sequence[Pixels]) -> bytes:
    """Return a JPEG of the tiled pictures, its longer side PREVIEW_SIDE pixels; all are of one size."""
    grid = Image.fromarray(tiled(pictures))
    scale = PREVIEW_SIDE / max(grid.size)
    size = (max(1, round(grid.width * scale)), max(1, round(grid.height * scale)))
    return _encoded(grid.resize(size, Image.Resampling.BILINEAR), "JPEG", quality=80)


def tiled(pictures: Sequence[Pixels]) -> Pixels:
    """Return the pictures as one, two in a row: uint8 [ceil(n / 2) * height, 2 * width, 3].

    A single picture is returned unchanged, and an empty last tile is black.
    """
    if len(pictures) == 1:
        return pictures[0]
    height, width, _ = pictures[0].shape
    grid = np.zeros(((len(pictures) + 1) // 2 * height, 2 * width, 3), dtype=np.uint8)
    for slot, picture in enumerate(pictures):
        top, left = slot // 2 * height, slot % 2 * width
        grid[top : top + height, left : left + width] = picture
    return grid


_SMALL_PIXELS = 512 * 512


def _encoded(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, xmp=PROVENANCE, **options)
    return out.getvalue()
