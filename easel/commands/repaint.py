"""`easel repaint`: paints a stored picture again from its recipe, bypassing the queue, and compares the two."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

import typer
from PIL import Image, ImageChops
from rich.console import Console
from rich.progress import Progress

from easel.output import Output
from easel.painter import open_empty_painter
from easel.postgres import open_migrated_postgres
from easel.process.preload import Opener, preload
from engine.contract.errors import PainterLost, PictureCorrupt, PictureUnknown
from engine.contract.jobs import Picture
from engine.contract.painting import PaintedPicture, PaintedPictures, PaintRequest
from engine.contract.painting import Progress as Step
from engine.logs import set_up_logging
from engine.models.registry.registry import SHIPPED, read_registry
from engine.painter.output.recipe import completed_recipe, request_from_recipe
from engine.painter.process.supervisor import SupervisedPainter
from engine.settings import EngineSettings
from engine.store.database import Database, open_database
from engine.store.file_copies import key_from_bytes
from engine.store.jobs import mask_key, read_edit, read_image_keys, read_picture, read_source
from engine.store.objects import Objects, open_objects


@dataclass(frozen=True, kw_only=True)
class StoredPicture:
    """A picture with its files from the picture store.

    png: its file; None when it is missing or damaged and only the hash in its key is left to compare with.
    source: file of the picture it varies; None when it was painted from noise.
    mask: file of the mask that its recipe names; None when it names none.
    images: files of the pictures in its prompt.
    """

    picture: Picture
    png: bytes | None
    source: bytes | None
    mask: bytes | None = None
    images: tuple[bytes, ...] = ()


def id_from_text(text: str) -> UUID:
    """Parse a picture id.

    Raises: BadParameter when `text` is not a UUID.
    """
    try:
        return UUID(text)
    except ValueError as error:
        example = "01a20dc4-00ce-74d2-a3c9-db42636e1ac2"
        raise typer.BadParameter(f'"{text}" is not a picture id. Example: {example}') from error


async def repaint(picture_id: UUID, path: Path, settings: EngineSettings, output: Output) -> int:
    """Repaint the picture into the file `path`, print whether it is identical, and return 0; nothing is queued.

    The painter starts while the picture is looked up: its imports take most of the time.

    Raises: PictureUnknown, PictureCorrupt when the file of the picture it varies is missing, and what
    `request_from_recipe` and a painter raise: WeightsMismatch when the weights have changed, among others.
    """
    set_up_logging(settings.log_format, process="repaint", level=logging.ERROR)
    registry = read_registry(settings.models_file or SHIPPED)
    async with preload(partial(open_empty_painter, settings), asyncio.Event()) as open_painter:
        async with open_migrated_postgres(settings) as url, open_database(url, pool_size=1) as database:
            stored = await _read(database, open_objects(settings.storage_url), picture_id)
        recipe = completed_recipe(stored.picture.recipe, stored.source, stored.picture.slot)
        sources = stored.source, stored.mask, stored.images
        request = await asyncio.to_thread(request_from_recipe, recipe, registry, *sources)
        painted = await _paint(request, open_painter, quiet=output.quiet)
    again = painted.pictures[recipe["slot"]]
    await asyncio.to_thread(path.write_bytes, again.png)
    told = describe_difference(stored, again)
    facts = {"file": str(path), "is_identical": is_identical(stored, again), "comparison": told}
    output.print_done(f"{path}: {told}", facts)
    return 0


async def _read(database: Database, objects: Objects, picture_id: UUID) -> StoredPicture:
    async with database.begin() as connection:
        picture = await read_picture(connection, picture_id)
        if picture is None:
            raise PictureUnknown(picture_id=picture_id)
        source = await read_source(connection, picture.job_id)
        mask = mask_key(await read_edit(connection, picture.job_id))
        has_images = "image_sha256" in picture.recipe
        images = await read_image_keys(connection, picture.job_id) if has_images else ()
    return StoredPicture(
        picture=picture,
        png=await _read_png(objects, picture.object_key),
        source=await objects.get(source.object_key) if source else None,
        mask=await objects.get(mask) if mask else None,
        images=tuple([await objects.get(key) for key in images]),
    )


async def _read_png(objects: Objects, key: str) -> bytes | None:
    try:
        return await objects.get(key)
    except PictureCorrupt:
        return None


async def _paint(request: PaintRequest, open_painter: Opener[SupervisedPainter], *, quiet: bool) -> PaintedPictures:
    with Progress(console=Console(stderr=True, quiet=quiet)) as progress:
        bar = progress.add_task("Painting", total=None)
        async with open_painter() as painter, aclosing(painter.paint(request)) as events:
            async for event in events:
                if isinstance(event, PaintedPictures):
                    return event
                if isinstance(event, Step):
                    progress.update(bar, completed=event.done, total=event.total)
    raise PainterLost(cause="the painter ended without a picture")


def is_identical(stored: StoredPicture, again: PaintedPicture) -> bool:
    """Return whether the new picture has the bytes that were stored, whether or not these are still there."""
    return key_from_bytes(again.png, Path(stored.picture.object_key).suffix) == stored.picture.object_key


def describe_difference(stored: StoredPicture, again: PaintedPicture) -> str:
    """Describe how the new picture differs from the stored one and, if it does, the likely reason."""
    if is_identical(stored, again):
        return IDENTICAL if stored.png else f"{LOST} {stored.picture.object_key}."
    changed = _changed_libraries(stored.picture.recipe["libraries"], again.recipe["libraries"])
    if stored.png is None:
        return f"different from the stored picture, whose file is missing or damaged. {changed or _ROUNDING}"
    difference = _largest_difference(stored.png, again.png)
    if difference == 0:
        told = changed or (_TEXT if _text_of(stored.png) != _text_of(again.png) else _ROUNDING)
        return f"the same pixels as the stored picture, but different bytes. {told}"
    size = "slightly different" if difference <= _MOST_ROUNDING else "different"
    told = changed or (_ROUNDING if difference <= _MOST_ROUNDING else _RELEASE)
    return f"{size} from the stored picture: pixels differ by up to {difference} of 255. {told}"


IDENTICAL = "identical to the stored picture."
LOST = "identical to the stored picture, whose file is missing or damaged. In the picture store, put it back as"
# Measured: rounding of another batch or another device changes single pixels by a few of 255.
_MOST_ROUNDING = 16
_ROUNDING = "Rounding differs between devices and when other jobs share a denoising step; a recipe records neither."
_TEXT = "This release of Easel describes the picture differently in the text of its file."
_RELEASE = "That is too much for rounding: the release of Easel that painted it may have sampled the model differently."


def _changed_libraries(then: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Return a sentence on the libraries that have changed, or an empty text."""
    changed = {name: version for name, version in now.items() if then.get(name) != version}
    changes = (f"{name} {then.get(name, 'none')} → {version}" for name, version in changed.items())
    return f"Libraries have changed: {', '.join(changes)}." if changed else ""


def _text_of(png: bytes) -> Mapping[str, str]:
    with Image.open(io.BytesIO(png)) as image:
        return dict(getattr(image, "text", {}))


def _largest_difference(one: bytes, other: bytes) -> int:
    """Return the largest difference of any channel of any pixel, 0 to 255."""
    with Image.open(io.BytesIO(one)) as before, Image.open(io.BytesIO(other)) as after:
        difference = ImageChops.difference(before.convert("RGB"), after.convert("RGB"))
    return max(difference.tobytes())
