"""Pictures and masks that a request sends: checked, and told apart into those that Easel has painted and others."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Sequence
from pathlib import PurePath

from PIL import Image

from api import replies
from api.refusals import ApiRefused
from api.services import ApiCall
from api.store.own_jobs import find_own_picture
from engine.content_credentials import without_credentials
from engine.contract.jobs import Job, Picture
from engine.mask_file import MaskFile, mask_file_from_image
from engine.prompt import picture_name
from engine.store.uploads import SUFFIX, record_uploads, upload_of
from engine.uploads.check import check_picture

_MAX_LIGHT = 255


async def own_picture(call: ApiCall, file: bytes) -> tuple[Job, Picture] | None:
    """Return the picture of the key that this is the very file of, signed or not, and its job; None if it is none."""
    sha256 = await asyncio.to_thread(lambda: hashlib.sha256(without_credentials(file)).hexdigest())
    async with call.services.database.begin() as connection:
        return await find_own_picture(connection, call.member_id, sha256)


async def stored_pictures(call: ApiCall, files: Sequence[bytes]) -> dict[str, str]:
    """Return the object keys of the pictures by the names that prompts have them by, stored and recorded as the key's.

    Raises: UploadRefused, PictureBarred, StoreUnavailable.
    """
    taken = []
    for file in files:
        # One at a time: the largest ones take half a gigabyte.
        async with call.services.decoding:
            taken.append(await asyncio.to_thread(check_picture, file))
    await call.services.barred.check([one.png for one in taken])
    uploads = [upload_of(one.png, one.width, one.height) for one in taken]
    async with call.services.database.begin() as connection:
        await record_uploads(connection, call.member_id, uploads)
    for one in taken:
        await call.services.objects.put(one.png, SUFFIX)
    return {picture_name(PurePath(one.object_key).stem): one.object_key for one in uploads}


async def stored_mask(call: ApiCall, file: bytes, picture: Picture) -> MaskFile:
    """Return the mask of what is transparent in the file, stored.

    Raises: ApiRefused when it does not fit the picture or says nothing, StoreUnavailable.
    """
    mask = await asyncio.to_thread(_mask_from_file, file, (picture.width, picture.height))
    key = await call.services.objects.put(mask.png, SUFFIX)
    call.masks[key] = mask.png
    return mask


def _mask_from_file(file: bytes, size: tuple[int, int]) -> MaskFile:
    try:
        with Image.open(io.BytesIO(file), formats=["PNG"]) as image:
            if image.size != size:
                raise _refused(replies.mask_size(image.size, size))
            if not image.has_transparency_data:
                raise _refused(replies.MASK_OPAQUE)
            opacity = image.convert("RGBA").getchannel("A")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        # Pillow has all of these for files that are cut or forged.
        raise _refused(replies.MASK_NOT_PNG) from error
    mask = mask_file_from_image(opacity.point(lambda light: _MAX_LIGHT - light))
    if mask is None:
        raise _refused(replies.MASK_EMPTY)
    return mask


def _refused(sentence: str) -> ApiRefused:
    return ApiRefused(400, sentence, code="invalid_mask", param="mask")
