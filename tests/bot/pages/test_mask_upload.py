"""What a browser may send as a mask, and what is said of anything else."""

from __future__ import annotations

import io
import zlib

import pytest
from PIL import Image

from bot.pages.mask_upload import mask_from_upload
from bot.replies import mask_replies
from engine.contract.edits import Box
from engine.mask_file import MaskFile

SIDE = 32


def png_of(box: tuple[int, int, int, int] | None, size: tuple[int, int] = (SIDE, SIDE), kind: str = "PNG") -> bytes:
    """Return a mask as a browser sends it: white in the box, black elsewhere."""
    image, encoded = Image.new("RGBA", size, "black"), io.BytesIO()
    if box:
        image.paste("white", box)
    image.convert("RGB").save(encoded, kind)
    return encoded.getvalue()


def bomb() -> bytes:
    """Return a PNG that says it has 2.5 gigapixels, in a few bytes."""
    data = bytearray(png_of((0, 0, 12, 9)))
    data[16:24] = (50_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (png_of((0, 0, 9, 9), (48, 32)), mask_replies.wrong_size((48, 32), (SIDE, SIDE))),
        (bomb(), str(mask_replies.TOO_LARGE)),
        (png_of(None), str(mask_replies.EMPTY)),
        (png_of((0, 0, SIDE, SIDE)), str(mask_replies.FULL)),
        (png_of((0, 0, 9, 9), kind="JPEG"), str(mask_replies.NOT_PNG)),
        (png_of((0, 0, 9, 9))[:60], str(mask_replies.NOT_PNG)),
        (b"mask", str(mask_replies.NOT_PNG)),
        (b"", str(mask_replies.NOT_PNG)),
    ],
    ids=["size", "gigapixels", "empty", "full", "jpeg", "cut", "text", "nothing"],
)
def test_what_is_no_mask_of_the_picture_is_told(data: bytes, sentence: str) -> None:
    assert mask_from_upload(data, (SIDE, SIDE)) == sentence


def test_what_is_painted_white_is_the_mask() -> None:
    file = mask_from_upload(png_of((0, 0, 12, 9)), (SIDE, SIDE))
    assert isinstance(file, MaskFile) and file.mask.box == Box(left=0, top=0, width=12, height=9)
