"""Stable Video Diffusion: films of pictures are those of the stock pipeline, frame by frame."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableVideoDiffusionPipeline
from PIL import Image

from engine.contract.edits import CALM, LIVELY, Edit
from engine.contract.errors import OperationUnsupported, SettingUnsupported, SourceMismatch
from engine.contract.jobs import Operation, ParameterValue
from engine.contract.painting import PaintRequest
from engine.models.loading.trial import try_loading
from engine.models.registry.registry import Registry, read_registry
from engine.painter.in_process import create_painter
from engine.painter.output.recipe import request_from_recipe
from tests.engine.painter.registries import entry
from tests.engine.painter.requests import (
    Pixels,
    all_painted,
    encoded_gradient,
    paint_request,
    painted,
    pixels_of,
    psnr,
    with_images,
)
from tests.engine.painter.stock import EQUAL_DB, OTHER_DB
from tests.engine.painter.svd_checkpoints import save_svd
from tests.engine.painter.test_films import SAME_DB, frames_in, least_alike
from tests.sharing import made_once

STEPS, FRAMES, SIDE = 3, 8, 32


def save_films(folder: Path) -> None:
    """Save a tiny checkpoint, with a `registry.toml`."""
    save_svd(folder / "svd", seed=31)
    (folder / "registry.toml").write_text('default = "svd"' + entry("svd", "svd", "svd"))


@pytest.fixture(scope="session")
def films(shared_folder: Path) -> Path:
    """A folder with a tiny checkpoint and its registry."""
    return made_once(shared_folder / "films", save_films)


@pytest.fixture
def registry(films: Path) -> Registry:
    return read_registry(films / "registry.toml")


def film(source: bytes | None, **more: ParameterValue) -> PaintRequest:
    parameters = {"steps": STEPS, "frames": FRAMES, "fps": 7, **more}
    request = paint_request("a boat", pictures=1, source=source, parameters=parameters)
    edit = None if source is None else Edit(strength=LIVELY)
    return replace(request, operation=Operation.ANIMATE, edit=edit)


def stock(folder: Path, source: bytes, bucket: int) -> list[Pixels]:
    """Return the frames that the stock pipeline paints."""
    pipe = StableVideoDiffusionPipeline.from_pretrained(folder / "svd")
    pipe.set_progress_bar_config(disable=True)
    (frames,) = pipe(
        Image.open(io.BytesIO(source)),
        height=SIDE,
        width=SIDE,
        num_frames=FRAMES,
        num_inference_steps=STEPS,
        max_guidance_scale=5.0,
        motion_bucket_id=bucket,
        generator=torch.Generator().manual_seed(7),
        output_type="np",
    ).frames
    return [np.round(frame * 255).astype(np.uint8) for frame in frames]


async def test_films_are_those_of_the_stock_pipeline(registry: Registry, films: Path) -> None:
    """Of the picture that an operation starts from, and of one in the prompt; alone and together."""
    source = encoded_gradient(SIDE, SIDE)
    pressed = replace(film(source), edit=Edit(strength=CALM))
    asked = [film(source), film(source, motion="low"), pressed, with_images(film(None), {source: 1.0})]
    async with create_painter(registry, max_rows=64) as painter:
        lively, calm, low, prompted = await all_painted(painter, asked)
        alone = await painted(painter, asked[0])
    for result, bucket in ((lively, 127), (calm, 64)):
        wanted = stock(films, source, bucket)
        assert psnr(pixels_of(result)[0], wanted[0]) > EQUAL_DB
        assert least_alike(result, wanted) > SAME_DB
    assert psnr(pixels_of(lively)[0], pixels_of(calm)[0]) < OTHER_DB
    assert psnr(pixels_of(low)[0], pixels_of(calm)[0]) > EQUAL_DB
    assert all(psnr(pixels_of(lively)[0], pixels_of(one)[0]) > EQUAL_DB for one in (prompted, alone))


async def test_a_film_is_painted_again_from_its_recipe(registry: Registry) -> None:
    """Without frames, it has those that the model was trained with."""
    source = encoded_gradient(SIDE, SIDE)
    wanted = film(source)
    parameters = {name: value for name, value in wanted.spec.parameters.items() if name != "frames"}
    wanted = replace(wanted, spec=replace(wanted.spec, parameters=parameters))
    async with create_painter(registry, max_rows=64) as painter:
        first = await painted(painter, wanted)
        recipe = json.loads(json.dumps(first.pictures[0].recipe))
        again = await painted(painter, request_from_recipe(recipe, registry, source))
    assert recipe["film"] == {"frames": 14, "fps": 7} and len(frames_in(first)) == 14
    assert first.grid == again.grid


async def test_it_makes_films_of_one_picture_and_nothing_else(registry: Registry) -> None:
    source = encoded_gradient(SIDE, SIDE)
    refused = (
        (paint_request("a boat"), OperationUnsupported),
        (paint_request("a boat", source=source), OperationUnsupported),
        (film(None), SourceMismatch),
        (with_images(film(None), {source: 1.0, encoded_gradient(SIDE, 48): 1.0}), SourceMismatch),
        (film(source, frames=40), SettingUnsupported),
    )
    async with create_painter(registry, max_rows=64) as painter:
        for request, error in refused:
            with pytest.raises(error):
                await painted(painter, request)
    assert try_loading(registry.model()) == ()
