"""`easel repaint` as a real process: the picture is identical, or the command says why not."""

from __future__ import annotations

import asyncio
import io
import re
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from easel.commands.repaint import StoredPicture, describe_difference
from engine.contract.ids import new_id
from engine.contract.jobs import Job, JobRequest, JobSpec, JobStatus, Operation, Part, Picture
from engine.contract.painting import PaintedPicture
from engine.models.registry.registry import SHIPPED
from engine.starter import WEIGHTS
from engine.store.database import Database
from engine.store.file_copies import key_from_bytes
from engine.store.jobs import read_pictures, submit_job
from engine.store.objects import Objects
from engine.store.operator_jobs import OPERATOR_ID, follow
from engine.store.tables import jobs, pictures
from engine.store.transitions import finish_job, start_job
from tests.easel.command import CommandResult, run_easel, start_easel
from tests.easel.models import save_models_file
from tests.fakes import request_for

pytestmark = [pytest.mark.kills, pytest.mark.timeout(900)]

THEN = {"torch": "2.13.0", "diffusers": "0.42.1"}
LATER = {"torch": "2.14.0", "diffusers": "0.42.1"}


@dataclass(frozen=True, kw_only=True)
class Painted:
    """A home in which the starter has painted a grid, the ids of its pictures, and the first of them painted again.

    told: the processes that were told where to keep what is compiled, and where.
    """

    home: Path
    ids: tuple[str, ...]
    again: Path
    repainted: CommandResult
    told: tuple[str, ...]


@pytest.fixture(scope="module")
def painted(shared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Painted]:
    """Painted by `easel imagine` with nothing running and nothing configured, and by `easel repaint`."""
    home, folder = Path(tempfile.mkdtemp(prefix="repaint-", dir=shared_folder)), tmp_path_factory.mktemp("notes")
    (folder / "sitecustomize.py").write_text(NOTE_CACHE)
    variables = {"PYTHONPATH": str(folder), "NOTES": str(folder / "notes")}
    arguments = ("imagine", "a red circle --seed 7 --steps 4", "-o", f"{home}/g.png")
    imagined = asyncio.run(run_easel(*arguments, home=home, **variables))
    assert imagined.code == 0, imagined.err
    ids = tuple(re.findall(r"^Picture \d: (\S+)$", imagined.err, re.MULTILINE))
    again = folder / "again.png"
    repainted = asyncio.run(run_easel("repaint", ids[0], "-o", str(again), home=home, **variables))
    told = tuple((folder / "notes").read_text().splitlines())
    yield Painted(home=home, ids=ids, again=again, repainted=repainted, told=told)
    shutil.rmtree(home, ignore_errors=True)


# Read by every interpreter at its start; only the process that paints is told of a folder.
NOTE_CACHE = """
import os, sys
if cache := os.environ.get("TORCHINDUCTOR_CACHE_DIR"):
    with open(os.environ["NOTES"], "a") as notes:
        print(sys.orig_argv[2], cache, file=notes)
"""


def turn_a_bit(file: Path) -> None:
    """Change the last number in a file of weights a little."""
    data = file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


def is_stored(home: Path, file: Path) -> bool:
    return (home / "pictures" / key_from_bytes(file.read_bytes(), ".png")).is_file()


def test_a_picture_comes_out_the_same_byte_for_byte(painted: Painted) -> None:
    """The file is identical to the stored one, and the command says so."""
    assert len(set(painted.ids)) == 4
    told = f"{painted.again}: identical to the stored picture.\n"
    assert (painted.repainted.code, painted.repainted.out) == (0, told), painted.repainted.err
    assert is_stored(painted.home, painted.again)


def test_what_is_compiled_is_kept_where_the_engine_keeps_it(painted: Painted) -> None:
    """Both painting processes get the same folder in the home."""
    assert painted.told == (f"engine.painter.process.child {painted.home}/compiled",) * 2


async def test_weights_that_have_changed_are_refused(painted: Painted, tmp_path: Path) -> None:
    """One changed bit: exit 7, with the file and what to do, and nothing is written."""
    shutil.copytree(WEIGHTS, tmp_path / "weights")
    models = tmp_path / "models.toml"
    _write(models, _text(SHIPPED).replace("../../starter/weights", "weights"))
    turn_a_bit(tmp_path / "weights" / "unet" / "diffusion_pytorch_model.safetensors")
    done = await run_easel(
        "repaint", painted.ids[0], "-o", str(tmp_path / "x.png"), home=painted.home, EASEL_MODELS_FILE=str(models)
    )
    assert (done.code, done.out) == (7, "")
    assert f"painted with other weights than those in {tmp_path / 'weights'}: their SHA-256 begins with" in done.err
    assert "x.png" not in _names_in(tmp_path)


def _write(file: Path, text: str) -> None:
    file.write_text(text)


def _text(file: Path) -> str:
    return file.read_text()


def _names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nonsense",), '"nonsense" is not a picture id. Example:'),
        (("01a20dc4-00ce-74d2-a3c9-db42636e1ac2",), "Picture not found. `easel imagine` prints"),
        (("01a20dc4-00ce-74d2-a3c9-db42636e1ac2", "-o", "x.jpg"), "x.jpg is not a PNG file name. Use .png."),
        (("01a20dc4-00ce-74d2-a3c9-db42636e1ac2", "-o", "nowhere/x.png"), "Folder not found: nowhere"),
    ],
)
async def test_what_was_asked_wrongly_exits_2(painted: Painted, arguments: tuple[str, ...], told: str) -> None:
    """Wrong arguments exit with 2 and a correct example, a picture that is not there with 3; nothing is painted."""
    done = await run_easel("repaint", *arguments, home=painted.home)
    code = 3 if told.startswith("Picture not found") else 2
    assert (done.code, told in done.err) == (code, True), done.err
    assert "Traceback" not in done.err


async def test_a_variation_comes_out_the_same_from_its_source(
    home: Path, tmp_path: Path, database: Database, database_url: str, objects: Objects, storage_url: str
) -> None:
    """It works without the variation's own file, whose hash is enough, but not without its source."""
    variables = {
        "EASEL_MODELS_FILE": str(save_models_file(tmp_path)),
        "DATABASE_URL": database_url,
        "EASEL_STORAGE_URL": storage_url,
    }
    async with engine_at_work(home, variables):
        source = await paint(database, Operation.IMAGINE, None)
        varied = await paint(database, Operation.VARY, source)
    again = ("repaint", str(varied.id), "-o", str(tmp_path / "again.png"))
    for lost in (None, varied):
        forget(storage_url, lost)
        done = await run_easel(*again, home=home, **variables)
        assert (done.code, "identical to the stored picture" in done.out) == (0, True), done
    forget(storage_url, source)
    done = await run_easel(*again, home=home, **variables)
    assert done.code == 6
    assert done.err == (
        f"The stored picture {source.object_key} is missing. Restore it from a backup of the picture store.\n"
    )


@pytest.mark.parametrize(
    ("recipe", "told"),
    [
        ({}, "the recipe lacks spec, seed, slot, pictures, width, "),
        ([], "the recipe is [], not an object"),
        ({"hires": 2}, 'the recipe has "hires", which this release does not know'),
    ],
)
async def test_a_recipe_that_cannot_be_read_is_told_in_a_sentence(
    home: Path, tmp_path: Path, database: Database, database_url: str, recipe: Any, told: str
) -> None:
    """Exit 6, with what is wrong and what to do; a newer release may have written the spec too."""
    picture_id = await keep_picture(database, recipe)
    done = await run_easel(
        "repaint", str(picture_id), "-o", str(tmp_path / "x.png"), home=home, DATABASE_URL=database_url
    )
    assert (done.code, done.out) == (6, ""), done.err
    assert done.err.startswith(f"Cannot read the picture's recipe: {told}") and done.err.count("\n") == 1
    assert "If a newer release of Easel painted it, repaint it with that release." in done.err
    assert "x.png" not in _names_in(tmp_path)


async def keep_picture(database: Database, recipe: Any) -> UUID:
    """Keep a finished job whose picture has this recipe, as a release writes it whose specs nobody reads here."""
    request, kept = request_for(OPERATOR_ID), picture(b"")
    async with database.begin() as connection:
        job = await submit_job(connection, request)
        await start_job(connection, job.id)
        await finish_job(connection, job.id, [replace(kept, job_id=job.id)], "grid.jpg", "image/jpeg")
        await connection.execute(sa.update(jobs).where(jobs.c.id == job.id).values(spec={"version": 2}))
        await connection.execute(sa.update(pictures).where(pictures.c.id == kept.id).values(recipe=recipe))
    return kept.id


@asynccontextmanager
async def engine_at_work(home: Path, variables: dict[str, str]) -> AsyncIterator[None]:
    engine = await start_easel("engine", "--quiet", "--health-port", "0", home=home, before=(), **variables)
    try:
        yield
    finally:
        engine.send_signal(signal.SIGTERM)
        await engine.communicate()


async def paint(database: Database, operation: Operation, source: Picture | None) -> Picture:
    """Return the first picture of a job that an engine has done."""
    request = JobRequest(
        id=new_id(),
        member_id=OPERATOR_ID,
        operation=operation,
        spec=JobSpec(prompt="a cat", parts=(Part(text="a cat"),)),
        seed=7,
        parent_job_id=source.job_id if source else None,
        parent_picture_id=source.id if source else None,
    )
    async with database.begin() as connection:
        job: Job = await submit_job(connection, request)
    async for seen in follow(database, job.id):
        job = seen
    assert job.status is JobStatus.FINISHED
    async with database.begin() as connection:
        return (await read_pictures(connection, job.id))[0]


def forget(storage_url: str, picture: Picture | None) -> None:
    """Delete the picture's file."""
    if picture is not None:
        (Path(storage_url.removeprefix("file://")) / picture.object_key).unlink()


@pytest.mark.parametrize(
    ("colour", "level", "libraries", "told"),
    [
        (10, 1, LATER, "identical to the stored picture."),
        (10, 0, LATER, "the same pixels as the stored picture, but different bytes. Libraries have changed"),
        (13, 0, LATER, "by up to 3 of 255. Libraries have changed: torch 2.13.0 → 2.14.0."),
        (13, 0, THEN, "by up to 3 of 255. Rounding differs between devices"),
        (
            90,
            0,
            THEN,
            "pixels differ by up to 80 of 255. That is too much for rounding",
        ),
    ],
)
def test_what_is_not_the_same_is_told_with_why(colour: int, level: int, libraries: dict[str, str], told: str) -> None:
    """The message distinguishes pixels from bytes and names changed library versions."""
    stored = png(10, level=1)
    again = PaintedPicture(png=png(colour, level=level), width=2, height=2, seed=7, recipe={"libraries": libraries})
    assert told in describe_difference(StoredPicture(picture=picture(stored), png=stored, source=None), again)


def test_a_file_whose_text_is_written_differently_is_told() -> None:
    stored = png(10, level=0, text="Steps: 4, Model: a, b")
    again = PaintedPicture(png=png(10, level=0), width=2, height=2, seed=7, recipe={"libraries": THEN})
    told = describe_difference(StoredPicture(picture=picture(stored), png=stored, source=None), again)
    assert "the same pixels" in told and "in the text of its file" in told


def test_pixels_of_a_lost_file_are_not_spoken_of() -> None:
    again = PaintedPicture(png=png(13, level=1), width=2, height=2, seed=7, recipe={"libraries": THEN})
    told = describe_difference(StoredPicture(picture=picture(png(10, level=1)), png=None, source=None), again)
    assert told.startswith("different from the stored picture, whose file is missing or damaged.")
    same = replace(again, png=png(10, level=1))
    assert "put it back as" in describe_difference(
        StoredPicture(picture=picture(same.png), png=None, source=None), same
    )


def png(colour: int, *, level: int, text: str = "") -> bytes:
    """Return four pixels, the last of which has `colour`, in a file with a compression level and a text."""
    image = Image.new("RGB", (2, 2), (10, 10, 10))
    image.putpixel((1, 1), (10, colour, 10))
    out = io.BytesIO()
    about = PngInfo()
    about.add_text("parameters", text)
    image.save(out, "PNG", compress_level=level, pnginfo=about)
    return out.getvalue()


def picture(stored: bytes) -> Picture:
    key = key_from_bytes(stored, ".png")
    facts: dict[str, Any] = {"slot": 0, "width": 2, "height": 2, "seed": 7, "recipe": {"libraries": THEN}}
    return Picture(id=UUID(int=1), job_id=UUID(int=2), object_key=key, **facts)
