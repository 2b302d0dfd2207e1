"""Whether a file is a picture that Easel takes, and the one form into which all of them are brought."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from engine.contract.uploads import UploadFault, UploadRefused

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "AVIF")

MAX_PIXELS = 64_000_000
"""The most pixels of a picture that is decoded: those of the largest phone cameras."""

MAX_SIDE = 2048
"""The longer side of what is kept, in pixels; no model paints from more."""

MIN_SIDE = 16

# What Pillow 13 raises for files that are not what they begin as; RuntimeError for AVIF.
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, OverflowError, RuntimeError)
_BROKEN_PARTS = (struct.error, zlib.error)
_SIXTEEN_BITS = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N"})


@dataclass(frozen=True, kw_only=True)
class CheckedPicture:
    """A picture as it is kept: a PNG in sRGB of at most MAX_SIDE pixels a side, without metadata, and its size."""

    png: bytes
    width: int
    height: int


def check_picture(data: bytes) -> CheckedPicture:
    """Return the picture in a file, which may be named as anything: its bytes alone say what it is.

    It is turned as its EXIF data say; colours are those of its profile, in sRGB; 16 bits become 8; what is transparent
    becomes white; a larger one is scaled down. The same picture gives the same bytes. The size is read from the header
    and refused before anything is decoded. This takes a second for the largest ones, and up to half a gigabyte.

    Raises: UploadRefused.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_header(image)
            return _kept(image)
    except UploadRefused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UploadRefused(UploadFault.TOO_MANY_PIXELS) from error
    except UnidentifiedImageError as error:
        raise UploadRefused(UploadFault.NOT_PICTURE) from error
    except (*_BROKEN, *_BROKEN_PARTS) as error:
        raise UploadRefused(UploadFault.INCOMPLETE) from error


def _check_header(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise UploadRefused(UploadFault.TOO_MANY_PIXELS)
    if min(image.size) < MIN_SIDE:
        raise UploadRefused(UploadFault.TOO_SMALL)
    # Phones write JPEGs with a second picture, such as a map of depths: those are MPO, and still.
    if getattr(image, "is_animated", False) and image.format != "MPO":
        raise UploadRefused(UploadFault.ANIMATED)


def _kept(image: Image.Image) -> CheckedPicture:
    # JPEGs are decoded at an eighth, a quarter or half the size where that is enough.
    image.draft(None, (MAX_SIDE, MAX_SIDE))
    image.load()
    profile = image.info.get("icc_profile")
    turned = ImageOps.exif_transpose(_eight_bits(image))
    coloured = _on_white(_in_srgb(turned, profile))
    coloured.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    # Pillow would write what it has read of metadata.
    coloured.info.clear()
    coloured.save(out, "PNG", compress_level=1)
    return CheckedPicture(png=out.getvalue(), width=coloured.width, height=coloured.height)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return the image with 8 bits a channel; Pillow itself would make white of all that is above 255 of 65535."""
    if image.mode not in _SIXTEEN_BITS:
        return image
    eight = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    eight.info = image.info
    return eight


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return an image in sRGB, with its transparency; one whose profile cannot be used is taken for sRGB."""
    has_alpha = image.has_transparency_data
    plain = image.convert("RGBA" if has_alpha else "RGB")
    if not profile:
        return plain
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        base = image if image.mode in {"CMYK", "L"} else plain.convert("RGB")
        coloured = ImageCms.profileToProfile(base, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return plain
    assert coloured is not None
    if has_alpha:
        coloured.putalpha(plain.getchannel("A"))
    return coloured


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")
