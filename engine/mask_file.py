"""Files of masks: PNG, one bit a pixel. Whoever makes one, the same pixels are the same bytes."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass

from PIL import Image

from engine.contract.edits import Box, Mask


@dataclass(frozen=True, kw_only=True)
class MaskFile:
    """A mask and its file."""

    mask: Mask
    png: bytes


def mask_file_from_image(image: Image.Image) -> MaskFile | None:
    """Return the mask of all pixels that are lighter than middle grey; None when there are none.

    image: in any mode; transparency does not count.
    """
    pixels = image.convert("L").point(lambda light: 255 * (light > 127), mode="1")
    corners = pixels.getbbox()
    if corners is None:
        return None
    left, top, right, bottom = corners
    encoded = io.BytesIO()
    pixels.save(encoded, "PNG", optimize=True)
    png = encoded.getvalue()
    box = Box(left=left, top=top, width=right - left, height=bottom - top)
    return MaskFile(mask=Mask(sha256=hashlib.sha256(png).hexdigest(), box=box), png=png)
