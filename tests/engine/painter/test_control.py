"""Pictures that a ControlNet steers are those of the stock pipelines, in any batch, and can be painted again."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from engine.contract.errors import (
    EaselError,
    ModelBroken,
    PictureCorrupt,
    RecipeUnreadable,
    SettingUnsupported,
    SourceMismatch,
    WeightsMismatch,
    WeightsMissing,
)
from engine.contract.jobs import ParameterValue
from engine.contract.painting import PaintRequest
from engine.contract.references import PictureUse
from engine.models.registry.ip_adapters import IPAdapter
from engine.models.registry.registry import Registry
from engine.painter.in_process import create_painter
from engine.painter.operations.canny import canny
from engine.painter.operations.control import control_image
from engine.painter.output.recipe import request_from_recipe
from engine.painter.sampling.params import params_from_request
from tests.engine.painter.controls import control_net, save_control, with_controls
from tests.engine.painter.requests import Pixels, all_painted, paint_request, painted, pixels_of, psnr, with_images
from tests.engine.painter.stock import EQUAL_DB, OTHER_DB
from tests.sharing import made_once

STEPS = 4
LONG = "a red cat " * 30


def save_controls(folder: Path, checkpoints: Path) -> None:
    save_control(folder / "edges", checkpoints / "sd1", seed=21)
    save_control(folder / "depth", checkpoints / "sd1", seed=22)
    save_control(folder / "xl", checkpoints / "sdxl", seed=23)


@pytest.fixture(scope="session")
def folder(shared_folder: Path, checkpoints: Path) -> Path:
    """A folder with tiny ControlNets."""
    return made_once(shared_folder / "controls", lambda place: save_controls(place, checkpoints))


@pytest.fixture
def able(registry: Registry, folder: Path) -> Registry:
    """The registry with them."""
    return with_controls(
        registry,
        control_net("edges", folder / "edges", kind="edges"),
        control_net("depth", folder / "depth"),
        control_net("xl", folder / "xl", family="sdxl"),
    )


def drawing() -> bytes:
    """Return a picture twice as wide as high, with a circle in its middle."""
    image, out = Image.new("RGB", (64, 32), (20, 40, 90)), io.BytesIO()
    ImageDraw.Draw(image).ellipse((20, 6, 44, 26), fill=(240, 220, 60))
    image.save(out, "PNG")
    return out.getvalue()


def steered(*parts: str, control: str = "edges", weight: float = 1.0, **more: ParameterValue) -> PaintRequest:
    parameters = {"control": control, "control-weight": weight, "sampler": "euler", "steps": STEPS, **more}
    request = paint_request(*parts, pictures=2, parameters=parameters)
    return with_images(request, {drawing(): 1.0})


def stock(checkpoints: Path, folder: Path, name: str, control: str, prompt: str, weight: float = 1.0) -> list[Any]:
    """Return what the stock pipeline paints; its control picture is the middle of the drawing, or its edges."""
    xl = "XL" if name == "sdxl" else ""
    network = diffusers.ControlNetModel.from_pretrained(folder / control, dtype=torch.float32)
    kind = getattr(diffusers, f"StableDiffusion{xl}ControlNetPipeline")
    pipe = kind.from_pretrained(checkpoints / name, controlnet=network, dtype=torch.float32)
    pipe.scheduler = diffusers.EulerDiscreteScheduler.from_config(pipe.scheduler.config)
    pipe.set_progress_bar_config(disable=True)
    middle = Image.open(io.BytesIO(drawing())).crop((16, 0, 48, 32))
    images: list[Any] = pipe(
        prompt, image=control_image(middle, control), width=32, height=32, num_inference_steps=STEPS,
        guidance_scale=5.0, num_images_per_prompt=2, controlnet_conditioning_scale=weight,
        generator=[torch.Generator().manual_seed(7 + slot) for slot in range(2)],
    ).images  # fmt: skip
    return images


def worst(pictures: list[Pixels], others: list[Any]) -> float:
    return min(psnr(*pair) for pair in zip(pictures, others, strict=True))


async def test_pictures_are_those_of_the_stock_pipelines_in_a_mixed_batch(
    able: Registry, checkpoints: Path, folder: Path
) -> None:
    """Two ControlNets, a weight, a text too long for one pass, and a request without any, all in the same forwards."""
    batches: list[Any] = []
    plain = paint_request("a dog", sampler="euler", steps=STEPS, pictures=2)
    weighed = steered("a cat", weight=0.4)
    several = [steered("a cat"), weighed, steered("a dog", control="depth"), steered(LONG, control="depth"), plain]
    async with create_painter(able, max_rows=64, on_forward=batches.append) as painter:
        results = [pixels_of(one) for one in await all_painted(painter, several)]
        wide = pixels_of(await painted(painter, steered("a cat", control="xl", model="sdxl")))
        alone = pixels_of(await painted(painter, plain))
    assert max(len({job for job, _ in batch}) for batch in batches) == len(several)
    assert worst(results[0], stock(checkpoints, folder, "sd1", "edges", "a cat")) > EQUAL_DB
    assert worst(results[1], stock(checkpoints, folder, "sd1", "edges", "a cat", 0.4)) > EQUAL_DB
    assert worst(results[2], stock(checkpoints, folder, "sd1", "depth", "a dog")) > EQUAL_DB
    assert worst(wide, stock(checkpoints, folder, "sdxl", "xl", "a cat")) > EQUAL_DB
    assert worst(results[4], alone) > EQUAL_DB
    assert max(worst(results[2], results[4]), worst(results[0], results[1])) < OTHER_DB
    async with create_painter(able, max_rows=64) as painter:
        assert worst(pixels_of(await painted(painter, several[3])), results[3]) > EQUAL_DB


async def test_a_recipe_names_the_control_and_paints_the_same_bytes(able: Registry, folder: Path) -> None:
    """With another picture, with other weights under its name, or with none, it is refused."""
    async with create_painter(able, max_rows=64) as painter:
        first = await painted(painter, steered("a cat", tile=True, weight=0.5))
        recipe = json.loads(json.dumps(first.pictures[1].recipe))
        again = request_from_recipe(recipe, able, images=(drawing(),))
        assert (await painted(painter, again)).pictures[1].png == first.pictures[1].png
    assert recipe["strength"] is None and len(recipe["image_sha256"]) == 1
    assert recipe["control"]["name"] == "edges" and recipe["control"]["weight"] == 0.5
    assert (
        'ControlNet 0: "Model: edges, Weight: 0.5"' in Image.open(io.BytesIO(first.pictures[1].png)).info["parameters"]
    )
    with pytest.raises(PictureCorrupt):
        request_from_recipe(recipe, able, images=())
    with pytest.raises(RecipeUnreadable, match="control and image_sha256 belong together"):
        request_from_recipe({name: value for name, value in recipe.items() if name != "image_sha256"}, able)
    other = with_controls(able, control_net("edges", folder / "depth", kind="edges"))
    with pytest.raises(WeightsMismatch):
        request_from_recipe(recipe, other, images=(drawing(),))
    with pytest.raises(SettingUnsupported):
        request_from_recipe(recipe, with_controls(able), images=(drawing(),))


async def test_what_cannot_be_steered_is_refused_and_the_rest_goes_on(
    able: Registry, folder: Path, tmp_path: Path
) -> None:
    """No picture or two; another family; files that are missing, changed, of another model or another kind."""
    strange, changed = tmp_path / "strange", tmp_path / "changed"
    for place, settings in ((strange, {"_class_name": "ControlNetUnionModel"}), (changed, {})):
        shutil.copytree(folder / "depth", place)
        config = json.loads((place / "config.json").read_text())
        (place / "config.json").write_text(json.dumps({**config, **settings}))
    odd = with_controls(
        able,
        *able.controls.values(),
        control_net("gone", tmp_path / "gone"),
        control_net("strange", strange),
        replace(control_net("changed", changed), sha256="0" * 64),
        control_net("misfit", folder / "xl"),
    )
    one = steered("a cat")
    refused = [
        (replace(one, images=(), spec=replace(one.spec, images=())), SourceMismatch),
        (with_images(one, {drawing(): 1.0, b"other": 1.0}), SourceMismatch),
        (steered("a cat", control="xl"), SettingUnsupported),
        (steered("a cat", model="sd2"), SettingUnsupported),
        (steered("a cat", control="gone"), WeightsMissing),
        (steered("a cat", control="strange"), ModelBroken),
        (steered("a cat", control="changed"), WeightsMismatch),
        (steered("a cat", control="misfit"), SettingUnsupported),
    ]
    async with create_painter(odd, max_rows=64) as painter:
        for request, error in refused:
            with pytest.raises(error) as told:
                await painted(painter, request)
            if error in (WeightsMissing, WeightsMismatch):
                assert isinstance(told.value, EaselError)
                assert told.value.facts["control"] == request.spec.parameters["control"]
        assert len((await painted(painter, one)).pictures) == 2


def test_an_ip_adapter_does_not_read_the_picture_that_steers(able: Registry, tmp_path: Path) -> None:
    """Without `--control` it does."""
    adapter = IPAdapter(
        name="ip", folder=tmp_path, hub=None, revision=None, file="ip.safetensors", image_encoder="encoder",
        family="sd1", model=None, use=PictureUse.IMAGE, blocks=(), licence="none", sha256=None,
    )  # fmt: skip
    both = replace(able, ip_adapters=MappingProxyType({"ip": adapter}))
    found = params_from_request(steered("a cat"), both)
    assert (found.references, found.starts_from_images, found.strength) == ((), False, None)
    assert found.control == able.controls["edges"]
    assert params_from_request(with_images(paint_request("a cat"), {drawing(): 1.0}), both).references


def test_edges_are_thin_whole_and_where_the_picture_changes() -> None:
    """A square's outline is closed and one pixel wide; a faint line counts only where it goes on from a strong one."""
    picture = np.zeros((40, 40, 3), dtype=np.uint8)
    picture[10:30, 10:30, 1] = 200
    found = canny(picture) > 0
    assert found[9:31, 20].sum() == 2 and found[20, 9:31].sum() == 2 and found[10:30, 9:11].any(axis=1).all()
    assert not found[13:27, 13:27].any() and not found[:8].any()
    faint = np.zeros((20, 40, 3), dtype=np.uint8)
    faint[10:] = 40
    assert not canny(faint).any()
    faint[10:, :10] = 200
    assert (canny(faint)[8:12, 14:] > 0).any(axis=0).all()
