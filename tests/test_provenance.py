"""Every picture that leaves says that a model made it, as readers that others wrote understand it."""

from __future__ import annotations

import ast
import asyncio
import io
import json
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from api.encoding import encoded, encoded_preview
from bot.delivery import attachments
from bot.delivery.attachments import ImageFile, fit
from bot.delivery.contact_sheet import contact_sheet
from bot.delivery.pair_picture import side_by_side
from bot.delivery.region_picture import with_cells
from easel.commands import imagine
from engine.contract.provenance import PROVENANCE
from engine.painter.output.films import FilmFrame, encoded_film
from engine.painter.output.images import Pixels, grid_from_pixels, png_from_pixels, preview_from_pixels

ROOT = Path(__file__).parent.parent
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
# Files that no member and no program gets: what the painter hands itself, masks, and what members have brought.
NEVER_LEAVE = {
    "engine/painter/upscaling/enlarge.py",
    "engine/mask_file.py",
    "engine/uploads/check.py",
    "engine/content_credentials.py",
}
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


def pixels(side: int) -> Pixels:
    """Return a picture of noise, which no format makes small."""
    return np.random.default_rng(7).integers(0, 256, (side, side, 3), dtype=np.uint8)


PNG = png_from_pixels(pixels(64), "a prompt\nSteps: 4")
FRAMES = [FilmFrame(image=Image.fromarray(pixels(32) // n), duration=timedelta(milliseconds=50)) for n in (1, 2)]


async def _file(work: Awaitable[ImageFile | None]) -> bytes:
    made = await work
    assert made is not None
    return made.data


async def _saved(suffix: str, folder: Path) -> bytes:
    path = folder / f"grid{suffix}"
    await asyncio.to_thread(imagine._write, PNG, path)
    return path.read_bytes()


Writer = Callable[[Path], Awaitable[bytes] | bytes]


def _saving(suffix: str) -> Writer:
    return lambda folder: _saved(suffix, folder)


WRITERS: dict[str, Writer] = {
    "original": lambda folder: PNG,
    "original with a prompt in Japanese": lambda folder: png_from_pixels(pixels(8), "猫"),
    "small grid": lambda folder: grid_from_pixels([pixels(16)] * 4)[0],
    "large grid": lambda folder: grid_from_pixels([pixels(300)] * 4)[0],
    "preview": lambda folder: preview_from_pixels([pixels(16)] * 4),
    "film": lambda folder: encoded_film(FRAMES),
    "shrunk for Discord": lambda folder: _file(fit(ImageFile(data=PNG, media_type="image/png"), max_bytes=6000)),
    "pair": lambda folder: _file(side_by_side(PNG, PNG)),
    "contact sheet": lambda folder: _file(contact_sheet([PNG, None])),
    "region": lambda folder: _file(with_cells(PNG)),
    "API, JPEG": lambda folder: encoded(PNG, "jpeg", 80),
    "API, WebP": lambda folder: encoded(PNG, "webp", 80),
    "API, PNG": lambda folder: encoded(PNG, "png", 80),
    "API, preview": lambda folder: encoded_preview(preview_from_pixels([pixels(16)] * 4), 1, "png", 80),
    "easel imagine, .png": _saving(".png"),
    "easel imagine, .jpg": _saving(".jpg"),
    "easel imagine, .webp": _saving(".webp"),
}


async def written(name: str, folder: Path) -> bytes:
    """Return the file of a writer."""
    made = WRITERS[name](folder)
    return made if isinstance(made, bytes) else await made


@pytest.mark.parametrize("name", WRITERS)
async def test_pillow_reads_it(name: str, tmp_path: Path) -> None:
    """One description, with the tool and the type of the source."""
    file = await written(name, tmp_path)
    with Image.open(io.BytesIO(file)) as image:
        packet = image.info["xmp"]
    (about,) = ElementTree.fromstring(packet).iter(f"{RDF}Description")
    assert about.get("{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType") == SOURCE_TYPE
    assert about.get("{http://ns.adobe.com/xap/1.0/}CreatorTool") == "Easel"


async def test_exiftool_reads_it(tmp_path: Path) -> None:
    """In the group of IPTC's extension, in all formats, and nothing about the files is wrong."""
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed")
    for number, name in enumerate(WRITERS):
        (tmp_path / f"{number}.bin").write_bytes(await written(name, tmp_path))
    asked = ["exiftool", "-json", "-G", "-n", "-XMP:all", "-Warning", "-Error", "-ext", "bin", str(tmp_path)]
    told = json.loads(await asyncio.to_thread(subprocess.check_output, asked))
    assert len(told) == len(WRITERS)
    for file in told:
        assert (file["XMP:DigitalSourceType"], file["XMP:CreatorTool"]) == (SOURCE_TYPE, "Easel")
        assert not {"ExifTool:Warning", "ExifTool:Error"} & file.keys()


def test_the_same_picture_is_the_same_file() -> None:
    """So that a picture can be painted again to the byte, with its recipe beside its origin."""
    assert png_from_pixels(pixels(64), "a prompt\nSteps: 4") == PNG
    with Image.open(io.BytesIO(PNG)) as image:
        assert image.info["parameters"] == "a prompt\nSteps: 4"


def test_it_costs_little() -> None:
    assert len(PROVENANCE) < 512
    assert 1000 * len(PROVENANCE) < attachments.MAX_BYTES


def test_no_picture_is_saved_without_it() -> None:
    """Whoever encodes one passes the packet on, in whatever format."""
    silent = set()
    for path in (path for room in ("api", "bot", "easel", "engine") for path in (ROOT / room).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name not in NEVER_LEAVE and not name.startswith(("engine/starter/", "engine/learn/")):
            silent |= {
                name for call in _calls_of_save(path) if not {"xmp", "pnginfo"} & {key.arg for key in call.keywords}
            }
    assert silent == set()


def _calls_of_save(path: Path) -> list[ast.Call]:
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "save"]
