"""From the file that a browser sends to a mask, or to what is wrong with it."""

from __future__ import annotations

import io

from PIL import Image

from bot.replies import mask_replies
from engine.mask_file import MaskFile, mask_file_from_image


def mask_from_upload(data: bytes, size: tuple[int, int]) -> MaskFile | str:
    """Return the mask of the white pixels of a PNG file, or the sentence that says why it cannot be used.

    size: width and height of the picture under it. Files of another size are not decoded.
    """
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if image.size != size:
                return mask_replies.wrong_size(image.size, size)
            file = mask_file_from_image(image)
    except Image.DecompressionBombError:
        return str(mask_replies.TOO_LARGE)
    except (OSError, ValueError, SyntaxError):
        # Pillow has all of these for files that are cut or forged.
        return str(mask_replies.NOT_PNG)
    if file is None:
        return str(mask_replies.EMPTY)
    return str(mask_replies.FULL) if _is_full(file) else file


def _is_full(file: MaskFile) -> bool:
    with Image.open(io.BytesIO(file.png)) as image:
        return image.getextrema() == (255, 255)
