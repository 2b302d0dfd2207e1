"""Making pictures small enough."""

from __future__ import annotations

import io
import os

import pytest
from PIL import Image

from bot.delivery.attachments import ImageFile, fit


@pytest.fixture
def noise() -> ImageFile:
    """A PNG that compresses badly."""
    encoded = io.BytesIO()
    Image.frombytes("RGB", (256, 128), os.urandom(256 * 128 * 3)).save(encoded, "PNG")
    return ImageFile(data=encoded.getvalue(), media_type="image/png")


async def test_what_is_small_enough_is_sent_as_it_is(noise: ImageFile) -> None:
    """Originals are never encoded again without need."""
    assert await fit(noise, max_bytes=len(noise.data)) is noise
    assert noise.extension == "png"


@pytest.mark.parametrize(("share", "size"), [(0.9, (256, 128)), (0.1, (128, 64))])
async def test_quality_goes_before_size(noise: ImageFile, share: float, size: tuple[int, int]) -> None:
    """A picture is made smaller only where no quality will do."""
    limit = int(len(noise.data) * share)
    fitted = await fit(noise, max_bytes=limit)
    assert fitted is not None
    assert (fitted.media_type, fitted.extension) == ("image/webp", "webp")
    assert len(fitted.data) <= limit
    assert Image.open(io.BytesIO(fitted.data)).size == size


async def test_what_no_encoding_makes_small_enough_is_given_up(noise: ImageFile) -> None:
    """The message then says so in words."""
    assert await fit(noise, max_bytes=10) is None
