"""The pictures in a prompt of the command line: read from files or fetched, checked and stored as the operator's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.replies.upload_replies import UNKNOWN_NAME, fault_sentences
from engine.contract.errors import PromptRefused
from engine.contract.jobs import JobSpec
from engine.contract.references import pictures_of
from engine.contract.uploads import UploadRefused
from engine.prompt import is_picture_name, picture_name
from engine.store.database import Database
from engine.store.objects import Objects
from engine.store.operator_jobs import OPERATOR_ID
from engine.store.uploads import SUFFIX, find_upload_keys, record_uploads, upload_of
from engine.uploads.check import CheckedPicture, check_picture
from engine.uploads.fetch import fetch

Pictures = Mapping[str, CheckedPicture]


async def read_files(paths: Sequence[Path]) -> Pictures:
    """Return the pictures in files, by the names that prompts have them by.

    Raises: PromptRefused, OSError.
    """
    pictures = [await _checked(str(path), await asyncio.to_thread(path.read_bytes)) for path in paths]
    return {_name(picture): picture for picture in pictures}


async def store_images(
    specs: Sequence[JobSpec], files: Pictures, database: Database, objects: Objects
) -> dict[str, str]:
    """Return the object keys of the pictures in the specs' prompts, by their links or names; links are fetched.

    Raises: PromptRefused, StoreUnavailable.
    """
    urls = dict.fromkeys(image.url for spec in specs for image in pictures_of(spec))
    known = {url: url.partition(":")[2].lower() for url in urls if is_picture_name(url) and url not in files}
    links = [url for url in urls if not is_picture_name(url)]
    taken = {**files, **{url: await _checked(url, await _fetched(url)) for url in links}}
    uploads = {url: upload_of(one.png, one.width, one.height) for url, one in taken.items()}
    async with database.begin() as connection:
        found = await find_upload_keys(connection, OPERATOR_ID, list(known.values()))
        await record_uploads(connection, OPERATOR_ID, list(uploads.values()))
    if unknown := [url for url, start in known.items() if start not in found]:
        raise PromptRefused(message=f"{unknown[0]}: {' '.join(map(str, UNKNOWN_NAME))}")
    for one in taken.values():
        await objects.put(one.png, SUFFIX)
    return {url: found[start] for url, start in known.items()} | {url: one.object_key for url, one in uploads.items()}


async def _fetched(url: str) -> bytes:
    try:
        return await fetch(url)
    except UploadRefused as error:
        raise PromptRefused(message=f"{url}: {' '.join(map(str, fault_sentences(error.fault)))}") from error


async def _checked(name: str, data: bytes) -> CheckedPicture:
    try:
        return await asyncio.to_thread(check_picture, data)
    except UploadRefused as error:
        raise PromptRefused(message=f"{name}: {' '.join(map(str, fault_sentences(error.fault)))}") from error


def _name(picture: CheckedPicture) -> str:
    return picture_name(Path(upload_of(picture.png, picture.width, picture.height).object_key).stem)
