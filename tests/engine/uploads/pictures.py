"""Files that members might send: whole, odd and broken."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image

SIDE = 64


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    """Return the image as a file."""
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def photo(side: int = SIDE) -> Image.Image:
    """Return a picture that compresses badly: red on the left, blue on the right, with noise."""
    pixels = np.random.default_rng(7).integers(0, 40, (side, side, 3), dtype=np.uint8)
    pixels[:, : side // 2, 0] += 200
    pixels[:, side // 2 :, 2] += 200
    return Image.fromarray(pixels)


def film(form: str) -> bytes:
    """Return an animated picture."""
    frames = [Image.new("RGB", (SIDE, SIDE), colour) for colour in ("red", "blue", "green")]
    return encoded(frames[0], form, save_all=True, append_images=frames[1:], duration=100)


def huge() -> bytes:
    """Return a PNG of 20,000 x 20,000 pixels, in a few kilobytes."""
    return encoded(Image.new("1", (20_000, 20_000)), "PNG")


def sixteen_bits() -> bytes:
    """Return a grey PNG of 16 bits a pixel: dark on the left, light on the right."""
    pixels = np.full((SIDE, SIDE), 0x2000, dtype=np.uint16)
    pixels[:, SIDE // 2 :] = 0xE000
    return encoded(Image.fromarray(pixels), "PNG")


def turned() -> bytes:
    """Return a JPEG whose EXIF data turn it by a quarter: its left edge is at the top."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "taken at home"
    return encoded(photo().crop((0, 0, SIDE, SIDE // 2)), "JPEG", exif=exif, quality=95, comment=b"secret")


WHOLE: Mapping[str, Callable[[], bytes]] = {
    "photo.png": lambda: encoded(photo(), "PNG"),
    "photo.jpg": lambda: encoded(photo(), "JPEG", quality=95),
    "photo.webp": lambda: encoded(photo(), "WEBP", quality=95),
    "photo.avif": lambda: encoded(photo(), "AVIF", quality=95),
    "still.gif": lambda: encoded(photo(), "GIF"),
    "cmyk.jpg": lambda: encoded(photo().convert("CMYK"), "JPEG", quality=95),
    "palette.png": lambda: encoded(photo().convert("P"), "PNG"),
    "jpeg.png": lambda: encoded(photo(), "JPEG", quality=95),
    "phone.jpg": lambda: encoded(photo(), "MPO", save_all=True, append_images=[photo(32)], quality=95),
}
