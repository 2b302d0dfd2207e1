"""What words name in a picture is found, painted anew, and found again without a segmenter when it is repainted."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from PIL import Image

from engine.contract.add_ons import AddOn
from engine.contract.edits import Edit, edit_from_json, mask_of, whole_canvas
from engine.contract.errors import ModelBroken, NothingFound, SettingsInvalid, WeightsMismatch, WeightsMissing
from engine.contract.jobs import Operation
from engine.contract.painting import PaintedPictures, PaintRequest
from engine.models.files.folder_hash import folder_hash
from engine.models.folder_check import folder_statuses, record_folder_hash
from engine.models.prompt_limits import limits_from_registry
from engine.models.registry.folders import ModelFolder
from engine.models.registry.registry import Registry, read_registry
from engine.painter.in_process import create_painter
from engine.painter.output.recipe import request_from_recipe
from engine.painter.process.messages import event_from_frame, frame_from_event
from engine.worker.kept_results import KeptResults
from tests.engine.painter.requests import paint_request, painted, pixels, pixels_of
from tests.engine.painter.segmenters import save_segmenter
from tests.sharing import made_once

SIDE = 64
RED, BLUE = (8, 8, 30, 30), (36, 36, 60, 60)


@pytest.fixture(scope="session")
def folder(shared_folder: Path) -> Path:
    """A folder with a trained segmenter."""
    return made_once(shared_folder / "segmenter", save_segmenter)


@pytest.fixture
def able(registry: Registry, folder: Path) -> Registry:
    """The registry with the segmenter."""
    return with_segmenter(registry, folder)


def with_segmenter(registry: Registry, folder: Path, sha256: str | None = None) -> Registry:
    segmenter = ModelFolder(kind=AddOn.SEGMENTER, name="tiny", folder=folder, licence="none", sha256=sha256)
    return replace(registry, folders=MappingProxyType({AddOn.SEGMENTER: MappingProxyType({"tiny": segmenter})}))


def squares() -> bytes:
    """Return a grey picture with a red and a blue square."""
    image, encoded = Image.new("RGB", (SIDE, SIDE), (110, 110, 110)), io.BytesIO()
    image.paste((230, 25, 25), RED)
    image.paste((25, 25, 230), BLUE)
    image.save(encoded, "PNG")
    return encoded.getvalue()


def named(words: str) -> PaintRequest:
    request = paint_request("a cat", source=squares(), steps=3, pictures=1)
    edit = Edit(strength=1.0, canvas=whole_canvas(SIDE, SIDE, words=words))
    return replace(request, operation=Operation.INPAINT, edit=edit)


def is_inside(box: tuple[int, int, int, int], within: np.ndarray) -> float:
    """Return the share of the box's pixels that are in the mask."""
    left, top, right, bottom = box
    return float(within[top:bottom, left:right].mean())


async def test_what_is_named_is_painted_anew(able: Registry, registry: Registry, tmp_path: Path) -> None:
    """The mask is handed over with the pictures, wherever they go, so that nobody has to find it again."""
    async with create_painter(able, max_rows=64) as painter:
        result = await painted(painter, named("red"))
    assert result.mask is not None and event_from_frame(frame_from_event("1", result)) == result
    kept, job_id = KeptResults(folder=tmp_path), named("red").job_id
    await kept.write(job_id, result)
    assert await kept.read(job_id) == result

    within = np.asarray(Image.open(io.BytesIO(result.mask)))
    assert is_inside(RED, within) > 0.9 and is_inside(BLUE, within) < 0.2
    (own,) = pixels_of(result)
    assert (own[~within] == pixels(squares())[~within]).all() and (own != pixels(squares())).any()
    recipe = result.pictures[0].recipe
    assert recipe["edit"]["words"] == "red" and mask_of(edit_from_json(recipe["edit"])) is not None
    async with create_painter(registry, max_rows=64) as painter:
        again = await painted(painter, request_from_recipe(recipe, registry, squares(), result.mask))
    assert again.pictures[0].png == result.pictures[0].png


async def test_nothing_found_and_no_segmenter_are_told(able: Registry, registry: Registry) -> None:
    async with create_painter(able, max_rows=64) as painter:
        with pytest.raises(NothingFound) as told:
            await painted(painter, named("a tree"))
        assert told.value.facts == {"words": "a tree"}
    async with create_painter(registry, max_rows=64) as painter:
        with pytest.raises(WeightsMissing):
            await painted(painter, named("red"))


async def test_files_that_are_not_the_segmenter_are_refused(registry: Registry, folder: Path, tmp_path: Path) -> None:
    """Other weights than those whose hash is recorded, none at all, and a tokenizer without its words."""
    changed, empty = tmp_path / "changed", tmp_path / "empty"
    shutil.copytree(folder, changed)
    empty.mkdir()
    (changed / "tokenizer.json").unlink()
    recorded = folder_hash(folder, None)
    for place, sha256, error in (
        (changed, recorded, WeightsMismatch),
        (changed, None, ModelBroken),
        (empty, None, WeightsMissing),
    ):
        async with create_painter(with_segmenter(registry, place, sha256), max_rows=64) as painter:
            with pytest.raises(error):
                await painted(painter, named("red"))
    assert folder_hash(folder, recorded) == recorded


def test_a_check_records_the_hash(checkpoints: Path, folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "models.toml"
    file.write_text(f'{(checkpoints / "registry.toml").read_text()}\n[segmenters.words]\nfolder = "{folder}"\n')
    (status,) = folder_statuses(read_registry(file))
    record_folder_hash(read_registry(file), status)
    (again,) = folder_statuses(read_registry(file))
    assert again.error is None and again.registered.sha256 == status.sha256 == folder_hash(folder, None)
    assert status.size_bytes > 50_000


def test_the_models_file_registers_segmenters(checkpoints: Path, tmp_path: Path) -> None:
    text = (checkpoints / "registry.toml").read_text()
    file = tmp_path / "models.toml"
    file.write_text(f'{text}\n[segmenters.words]\nfolder = "clipseg"\nlicence = "Apache-2.0"\n')
    registry = read_registry(file)
    assert registry.segmenter == ModelFolder(
        kind=AddOn.SEGMENTER, name="words", folder=tmp_path / "clipseg", licence="Apache-2.0", sha256=None
    )
    assert limits_from_registry(registry, None).has_segmenter
    assert not limits_from_registry(read_registry(), None).has_segmenter
    file.write_text(f'{text}\n[segmenters.words]\nfile = "clipseg.safetensors"\n')
    with pytest.raises(SettingsInvalid) as told:
        read_registry(file)
    assert "segmenters.words" in str(told.value)


def test_pictures_without_a_mask_are_handed_over_as_before() -> None:
    result = PaintedPictures(pictures=(), grid=b"grid", grid_type="image/jpeg")
    assert event_from_frame(frame_from_event("1", result)) == result
