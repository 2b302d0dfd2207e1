"""Files that members bring become one form or are refused, each for its reason."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from engine.contract.uploads import UploadFault, UploadRefused
from engine.uploads.check import MAX_SIDE, check_picture
from tests.engine.uploads.pictures import SIDE, WHOLE, encoded, film, huge, photo, sixteen_bits, turned


def pixels_of(data: bytes) -> np.ndarray:
    """Return the pixels of what is kept of a file, after a look at its form."""
    kept = check_picture(data)
    with Image.open(io.BytesIO(kept.png)) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGB", (kept.width, kept.height))
        assert image.info == {}
        return np.asarray(image).astype(int)


@pytest.mark.parametrize("name", WHOLE)
def test_every_kind_of_file_becomes_the_same_picture(name: str) -> None:
    """Whatever it is called, its colours stay: red on the left, blue on the right."""
    pixels = pixels_of(WHOLE[name]())
    assert pixels.shape == (SIDE, SIDE, 3)
    assert np.abs(pixels - np.asarray(photo()).astype(int)).mean() < 20
    assert check_picture(WHOLE[name]()) == check_picture(WHOLE[name]())


def test_a_picture_of_16_bits_keeps_its_greys() -> None:
    """Both halves are grey, and neither is white."""
    pixels = pixels_of(sixteen_bits())
    assert (pixels[0, 0].tolist(), pixels[0, -1].tolist()) == ([0x20] * 3, [0xE0] * 3)


def test_a_picture_is_turned_as_it_was_taken_and_says_nothing_else() -> None:
    """Its camera's data turn it, and are dropped."""
    pixels = pixels_of(turned())
    assert pixels.shape == (SIDE, SIDE // 2, 3)
    assert pixels[2, 5, 0] > 150 > pixels[-3, 5, 0]


def test_what_is_transparent_becomes_white() -> None:
    """As on a page."""
    image = Image.new("RGBA", (SIDE, SIDE), (255, 0, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, SIDE, SIDE // 2))
    for form in ("PNG", "WEBP"):
        pixels = pixels_of(encoded(image, form, lossless=True))
        assert (pixels[0, 0].tolist(), pixels[-1, 0].tolist()) == ([255, 0, 0], [255, 255, 255])


def test_a_large_picture_is_scaled_down() -> None:
    """Its shape stays."""
    wide = Image.new("RGB", (MAX_SIDE * 2, MAX_SIDE), "teal")
    for form in ("PNG", "JPEG"):
        kept = check_picture(encoded(wide, form))
        assert (kept.width, kept.height) == (MAX_SIDE, MAX_SIDE // 2)


REFUSED: dict[str, tuple[Callable[[], bytes], UploadFault]] = {
    "a text": (lambda: b"GIF no more", UploadFault.NOT_PICTURE),
    "nothing": (lambda: b"", UploadFault.NOT_PICTURE),
    "a drawing in XML": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", UploadFault.NOT_PICTURE),
    "a TIFF": (lambda: encoded(photo(), "TIFF"), UploadFault.NOT_PICTURE),
    "an animated GIF": (lambda: film("GIF"), UploadFault.ANIMATED),
    "an animated PNG": (lambda: film("PNG"), UploadFault.ANIMATED),
    "an animated WebP": (lambda: film("WEBP"), UploadFault.ANIMATED),
    "half a PNG": (lambda: encoded(photo(), "PNG")[:4000], UploadFault.INCOMPLETE),
    "half a JPEG": (lambda: encoded(photo(), "JPEG")[:1200], UploadFault.INCOMPLETE),
    "400 million pixels": (huge, UploadFault.TOO_MANY_PIXELS),
    "81 million pixels": (lambda: encoded(Image.new("1", (9000, 9000)), "PNG"), UploadFault.TOO_MANY_PIXELS),
    "a dot": (lambda: encoded(Image.new("RGB", (1, 1)), "PNG"), UploadFault.TOO_SMALL),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_still_picture_is_refused_for_its_reason(name: str) -> None:
    """Nothing of it is kept."""
    make, fault = REFUSED[name]
    with pytest.raises(UploadRefused) as refused:
        check_picture(make())
    assert refused.value.fault is fault


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("name", [*WHOLE, "turned.jpg", "16-bit.png"])
def test_a_damaged_file_is_a_picture_or_refused(name: str) -> None:
    """Whatever byte is wrong, nothing else is raised."""
    whole = {**WHOLE, "turned.jpg": turned, "16-bit.png": sixteen_bits}[name]()
    chance = random.Random(name)
    for _ in range(40):
        damaged = bytearray(whole[: chance.randrange(8, len(whole) + 1)])
        for _ in range(chance.randrange(1, 6)):
            damaged[chance.randrange(min(len(damaged), 200))] = chance.randrange(256)
        try:
            assert check_picture(bytes(damaged)).png
        except UploadRefused as refused:
            assert isinstance(refused.fault, UploadFault)
