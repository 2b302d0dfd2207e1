"""The file with a member's own data: every row as JSON, and as many of their pictures as fit."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import PurePath

from bot.exports.own_pictures import read_own_picture
from bot.store.own_data import OwnData
from engine.content_credentials import UNSIGNED, ContentCredentials
from engine.contract.errors import PictureCorrupt
from engine.store.objects import Objects

NAME = "easel-data.zip"

_OVERHEAD = 300
"""Bytes of a zip file for each file in it, and more."""


@dataclass(frozen=True, kw_only=True)
class OwnDataFile:
    """A zip file, how many pictures it holds, and how many it does not; is_cut: whether that is for its size."""

    content: bytes
    num_pictures: int
    num_left_out: int
    is_cut: bool


async def build_file(
    data: OwnData, objects: Objects, *, max_bytes: int, credentials: ContentCredentials = UNSIGNED
) -> OwnDataFile:
    """Return the file, with the newest pictures that fit; pictures that cannot be read are left out.

    Raises: PictureStoreUnavailable.
    """
    buffer = io.BytesIO()
    num_pictures, is_cut = 0, False
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        records = json.dumps(data.rows, indent=1, ensure_ascii=False)
        await asyncio.to_thread(archive.writestr, "data.json", records)
        for key in data.keys:
            try:
                picture = await read_own_picture(data, key, objects, credentials)
            except PictureCorrupt:
                continue
            if buffer.tell() + len(picture) + (num_pictures + 2) * _OVERHEAD > max_bytes:
                is_cut = True
                break
            # Pictures are compressed already.
            name = zipfile.ZipInfo(f"pictures/{PurePath(key).name}")
            await asyncio.to_thread(archive.writestr, name, picture, zipfile.ZIP_STORED)
            num_pictures += 1
    num_left_out = len(data.keys) - num_pictures
    return OwnDataFile(content=buffer.getvalue(), num_pictures=num_pictures, num_left_out=num_left_out, is_cut=is_cut)
