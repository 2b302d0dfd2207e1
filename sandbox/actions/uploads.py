"""Stores uploaded files: size limits, media types and image dimensions."""

import io
import mimetypes
import re
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from sandbox.payloads.interactions import ATTACHMENT_LIMIT_BYTES
from sandbox.state.errors import ErrorCode, api_error
from sandbox.state.records import Attachment
from sandbox.state.world import World

UNSAFE = re.compile(r"[^\w.\-]+")


@dataclass(frozen=True, kw_only=True)
class Upload:
    """An uploaded file of a request."""

    filename: str
    content: bytes


def store_upload(
    world: World,
    upload: Upload,
    *,
    description: str | None = None,
    filename: str | None = None,
    ephemeral: bool = False,
) -> Attachment:
    """Store a file and return its attachment. Raises: ApiError 40005 above 10 MiB."""
    if len(upload.content) > ATTACHMENT_LIMIT_BYTES:
        raise api_error(ErrorCode.TOO_LARGE)
    name = UNSAFE.sub("_", filename or upload.filename).strip(".") or "file"
    width_px, height_px = _size_of_picture(upload.content)
    attachment = Attachment(
        id=world.snowflakes.next(),
        filename=name,
        size_bytes=len(upload.content),
        content_type=content_type_from_filename(name),
        width_px=width_px,
        height_px=height_px,
        description=description,
        ephemeral=ephemeral,
    )
    world.files.add(attachment.id, upload.content)
    return attachment


def content_type_from_filename(filename: str) -> str:
    """Return the media type for a file name."""
    return mimetypes.guess_type(filename)[0] or "application/octet-stream"


def _size_of_picture(content: bytes) -> tuple[int | None, int | None]:
    # Opening reads only the header; a file that is not an image has no dimensions.
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return picture.size
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return None, None
