"""A registered classifier looks at every finished picture; what cannot be looked at is not handed over."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import CLIPImageProcessor

from bot.replies import reply_for
from easel.errors import sentence_from_error
from engine.contract.add_ons import AddOn
from engine.contract.errors import EaselError, ModelBroken, WeightsMismatch, WeightsMissing
from engine.contract.painting import PaintedPicture, PaintedPictures
from engine.models.files.folder_hash import folder_hash
from engine.models.folder_check import folder_statuses, record_folder_hash
from engine.models.loading.classifier import load_classifier
from engine.models.prompt_limits import limits_from_registry
from engine.models.registry.folders import ModelFolder
from engine.models.registry.registry import Registry, read_registry
from engine.painter.classification import ClassificationThread
from engine.painter.in_process import create_painter
from engine.painter.process.messages import event_from_frame, frame_from_event
from engine.worker.kept_results import KeptResults
from tests.engine.painter.classifiers import save_classifier
from tests.engine.painter.requests import paint_request, painted
from tests.sharing import made_once

COLOURS = ("red", "blue", "green", "white", "black")


@pytest.fixture(scope="session")
def folder(shared_folder: Path) -> Path:
    """A folder with a classifier that finds red pictures unsafe."""
    return made_once(shared_folder / "classifier", save_classifier)


def registered(folder: Path, sha256: str | None = None) -> ModelFolder:
    return ModelFolder(kind=AddOn.CLASSIFIER, name="checker", folder=folder, licence="none", sha256=sha256)


def with_classifier(registry: Registry, folder: Path, sha256: str | None = None) -> Registry:
    classifier = MappingProxyType({"checker": registered(folder, sha256)})
    return replace(registry, folders=MappingProxyType({AddOn.CLASSIFIER: classifier}))


def plain(colour: str) -> Image.Image:
    return Image.new("RGB", (48, 64), colour)


def encoded(*frames: Image.Image, format: str = "PNG") -> bytes:
    file = io.BytesIO()
    frames[0].save(file, format, save_all=len(frames) > 1, append_images=frames[1:])
    return file.getvalue()


def result_of(*colours: str, grid: bytes | None = None) -> PaintedPictures:
    pictures = tuple(
        PaintedPicture(png=encoded(plain(colour)), width=48, height=64, seed=0, recipe={}) for colour in colours
    )
    return PaintedPictures(pictures=pictures, grid=grid, grid_type="image/webp" if grid else None)


def scores_of(result: PaintedPictures) -> list[float]:
    return [one.unsafe_score for one in result.pictures if one.unsafe_score is not None]


def test_a_picture_is_unsafe_where_the_stock_checker_says_so(folder: Path) -> None:
    images = [plain(colour) for colour in COLOURS]
    stock = StableDiffusionSafetyChecker.from_pretrained(folder).eval()
    pixels = CLIPImageProcessor.from_pretrained(folder)(images=images, return_tensors="pt")["pixel_values"]
    _, is_unsafe = stock(clip_input=pixels, images=torch.zeros(len(images), 3, 8, 8))
    scores = load_classifier(registered(folder), torch.device("cpu")).scores(images)
    assert [score > 0 for score in scores] == is_unsafe == [True, False, False, False, False]
    assert scores[0] == pytest.approx(0.1, abs=0.002)


async def test_every_painted_picture_has_its_score(registry: Registry, folder: Path, tmp_path: Path) -> None:
    """It goes wherever the picture goes; without a classifier there is none."""
    request = paint_request("a cat", steps=2)
    async with create_painter(with_classifier(registry, folder), max_rows=64) as painter:
        result = await painted(painter, request)
    assert len(scores_of(result)) == 4 and len(set(scores_of(result))) > 1
    assert event_from_frame(frame_from_event("1", result)) == result
    kept = KeptResults(folder=tmp_path)
    await kept.write(request.job_id, result)
    assert await kept.read(request.job_id) == result
    async with create_painter(with_classifier(registry, folder).without(AddOn.CLASSIFIER), max_rows=64) as painter:
        assert scores_of(await painted(painter, request)) == []


async def test_a_film_is_as_unsafe_as_its_worst_frame(registry: Registry, folder: Path) -> None:
    thread = ClassificationThread(with_classifier(registry, folder))
    film = encoded(plain("blue"), plain("red"), plain("green"), format="WEBP")
    still = encoded(plain("red"), format="WEBP")
    assert all(score > 0 for score in scores_of(await thread.scored(result_of("blue", "green", grid=film))))
    assert not any(score > 0 for score in scores_of(await thread.scored(result_of("blue", "green", grid=still))))
    assert [score > 0 for score in scores_of(await thread.scored(result_of("blue", "red")))] == [False, True]
    thread.close()


async def test_what_is_no_classifier_lets_no_picture_through(registry: Registry, folder: Path, tmp_path: Path) -> None:
    """Weights that lack a concept would find nothing unsafe."""
    lacking, other, empty = tmp_path / "lacking", tmp_path / "other", tmp_path / "empty"
    for copy in (lacking, other):
        shutil.copytree(folder, copy)
    empty.mkdir()
    weights = load_file(lacking / "model.safetensors")
    weights.pop("concept_embeds")
    save_file(weights, lacking / "model.safetensors", {"format": "pt"})
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps({**config, "architectures": ["CLIPModel"]}))
    told = []
    for place, sha256, kind in (
        (lacking, None, ModelBroken),
        (lacking, folder_hash(folder, None), WeightsMismatch),
        (other, None, ModelBroken),
        (empty, None, WeightsMissing),
    ):
        thread = ClassificationThread(with_classifier(registry, place, sha256))
        with pytest.raises(EaselError) as error:
            await thread.scored(result_of("blue"))
        assert isinstance(error.value, kind)
        told.append((reply_for(error.value), sentence_from_error(error.value)))
        thread.close()
    assert all("classifier checker" in member and "classifier" in operator for member, operator in told)
    assert "lack 1 tensors, such as concept_embeds" in told[0][1]


def test_the_models_file_registers_classifiers_and_a_check_records_the_hash(
    checkpoints: Path, folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "models.toml"
    file.write_text(f'{(checkpoints / "registry.toml").read_text()}\n[classifiers.checker]\nfolder = "{folder}"\n')
    registry = read_registry(file)
    assert limits_from_registry(registry, None).has_classifier
    assert not limits_from_registry(read_registry(), None).has_classifier
    (status,) = folder_statuses(registry)
    record_folder_hash(registry, status)
    (again,) = folder_statuses(read_registry(file))
    assert again.error is None and again.registered.sha256 == status.sha256 == folder_hash(folder, None)
