"""Zip files of exports: they appear when they are complete, and only a piece of a file is in memory at a time."""

from __future__ import annotations

import asyncio
import errno
import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

from bot.exports.own_pictures import read_own_picture
from bot.store.own_data import OwnData
from engine.content_credentials import UNSIGNED, ContentCredentials
from engine.contract.errors import PictureCorrupt, StorageFull
from engine.store.objects import Objects

_COMPRESSED = frozenset({".png", ".jpg", ".jpeg", ".webp", ".parquet", ".gz"})


def pack(folder: Path, file: Path, root: str) -> None:
    """Make a zip file of the folder and remove the folder; `root` is its name in the file.

    Raises: StorageFull when the disk is full.
    """
    with _opened(file) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            way = zipfile.ZIP_STORED if path.suffix in _COMPRESSED else zipfile.ZIP_DEFLATED
            archive.write(path, f"{root}/{path.relative_to(folder).as_posix()}", way)
    shutil.rmtree(folder)


async def pack_own_data(
    data: OwnData, objects: Objects, file: Path, *, credentials: ContentCredentials = UNSIGNED
) -> int:
    """Make a zip file of a member's own data with all of their pictures; return how many cannot be read.

    Raises: StorageFull when the disk is full, PictureStoreUnavailable.
    """
    num_damaged = 0
    with _opened(file) as archive:
        records = json.dumps(data.rows, indent=1, ensure_ascii=False)
        await asyncio.to_thread(archive.writestr, "data.json", records, zipfile.ZIP_DEFLATED)
        for key in data.keys:
            try:
                picture = await read_own_picture(data, key, objects, credentials)
            except PictureCorrupt:
                num_damaged += 1
                continue
            name = f"pictures/{PurePath(key).name}"
            await asyncio.to_thread(archive.writestr, name, picture, zipfile.ZIP_STORED)
    return num_damaged


@contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    """Yield a zip file that gets its name when the block ends, and is gone if it fails."""
    part = file.with_suffix(".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(part, "w") as archive:
            yield archive
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StorageFull(path=file) from error
        raise
