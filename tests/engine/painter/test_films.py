"""Films are those of the stock pipelines, frame by frame, in any batch, and can be painted again."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image

from engine.contract.edits import LIVELY, Edit
from engine.contract.errors import (
    EaselError,
    ModelBroken,
    OperationUnsupported,
    SettingUnsupported,
    WeightsMismatch,
    WeightsMissing,
)
from engine.contract.jobs import Operation, ParameterValue
from engine.contract.painting import PaintedPictures, PaintRequest, Progress
from engine.models.registry.registry import Registry
from engine.painter.batch.options import LoopOptions
from engine.painter.in_process import create_painter
from engine.painter.output.films import film_of_frames
from engine.painter.output.recipe import request_from_recipe
from tests.engine.painter.motion import MAX_FRAMES, save_motion
from tests.engine.painter.requests import (
    Batches,
    Pixels,
    all_painted,
    encoded_gradient,
    paint_request,
    painted,
    pixels,
    pixels_of,
    psnr,
    with_images,
)
from tests.engine.painter.stock import EQUAL_DB, OTHER_DB

STEPS, FRAMES = 3, 8
# Frames that differ by rounding, each after lossy encoding.
SAME_DB = 40


def film(
    *parts: str, source: bytes | None = None, strength: float = LIVELY, seed: int = 7, **more: ParameterValue
) -> PaintRequest:
    parameters = {"steps": STEPS, "sampler": "euler", "frames": FRAMES, **more}
    request = paint_request(*parts, pictures=1, seed=seed, source=source, parameters=parameters)
    edit = None if source is None else Edit(strength=strength)
    return replace(request, operation=Operation.ANIMATE, edit=edit)


def frames_in(result: PaintedPictures) -> list[Pixels]:
    """Return the frames of the result's film."""
    assert result.grid is not None and result.grid_type == "image/webp"
    return decoded(result.grid)


def decoded(film_file: bytes) -> list[Pixels]:
    with Image.open(io.BytesIO(film_file)) as image:
        return [_frame(image, number) for number in range(getattr(image, "n_frames", 1))]


def least_alike(result: PaintedPictures, wanted: Sequence[Pixels]) -> float:
    """Return how alike the frames of the film are to those wanted, once these are encoded as well, in decibels."""
    return min(psnr(*pair) for pair in zip(frames_in(result), decoded(film_of_frames(wanted, 8)), strict=True))


def _frame(image: Image.Image, number: int) -> Pixels:
    image.seek(number)
    return np.asarray(image.convert("RGB"))


def stock(folder: Path, kind: str, prompt: str, loras: Sequence[Path] = (), **settings: Any) -> list[Pixels]:
    """Return the frames that a stock pipeline paints from a generator of its own."""
    scheduler = diffusers.EulerDiscreteScheduler.from_pretrained(
        folder / "sd1", subfolder="scheduler", beta_schedule="linear"
    )
    adapter = diffusers.MotionAdapter.from_pretrained(folder / "wave")
    pipe = getattr(diffusers, kind).from_pretrained(folder / "sd1", motion_adapter=adapter, scheduler=scheduler)
    pipe.set_progress_bar_config(disable=True)
    for file in loras:
        pipe.load_lora_weights(file.parent, weight_name=file.name)
    generator = torch.Generator().manual_seed(7)
    given = {"generator": generator, "num_inference_steps": STEPS, "guidance_scale": 5.0, "output_type": "np"}
    (frames,) = pipe(prompt=prompt, **given, **settings).frames
    return [np.round(frame * 255).astype(np.uint8) for frame in frames]


async def test_films_are_those_of_the_stock_pipelines(registry: Registry, checkpoints: Path) -> None:
    """From a text, with an adapter, with a long text, and from a picture; while pictures are painted beside them."""
    source = encoded_gradient(32, 32)
    long = "a red cat " * 30
    requests = [
        film("a red cat"),
        film("a red cat", lora=("ink:1",)),
        film(long),
        film("a red cat", source=source, strength=0.7),
        paint_request("a red cat", steps=STEPS, sampler="euler"),
    ]
    async with create_painter(registry, max_rows=64) as painter:
        text, worn, longer, animated, pictures = await all_painted(painter, requests)
        alone = await painted(painter, requests[-1])
        again = await painted(painter, requests[0])

    both: dict[str, Any] = {"num_frames": FRAMES, "width": 32, "height": 32}
    stills = {
        "text": (text, stock(checkpoints, "AnimateDiffPipeline", "a red cat", **both)),
        "worn": (
            worn,
            stock(checkpoints, "AnimateDiffPipeline", "a red cat", [checkpoints / "ink.safetensors"], **both),
        ),
        "animated": (
            animated,
            stock(
                checkpoints,
                "AnimateDiffVideoToVideoPipeline",
                "a red cat",
                video=[Image.open(io.BytesIO(source))] * FRAMES,
                strength=0.7,
            ),
        ),
    }
    for name, (result, wanted) in stills.items():
        (still,) = pixels_of(result)
        assert psnr(still, wanted[0]) > EQUAL_DB, name
        assert least_alike(result, wanted) > SAME_DB, name
    first = pixels_of(text)[0]
    assert all(psnr(first, pixels_of(other)[0]) < OTHER_DB for other in (worn, longer, animated))
    assert psnr(first, pixels_of(again)[0]) > EQUAL_DB
    assert min(psnr(*pair) for pair in zip(pixels_of(pictures), pixels_of(alone), strict=True)) > EQUAL_DB


async def test_frames_speed_and_motion_are_as_asked(registry: Registry) -> None:
    """With low motion, the frames of a film are more alike."""
    asked = [film("a cat", frames=12, fps=4), film("a cat", frames=12, motion="low"), film("a cat", frames=12)]
    async with create_painter(registry, max_rows=64) as painter:
        slow, calm, lively = await all_painted(painter, asked)
    assert slow.grid is not None and calm.grid is not None
    for file, each in ((slow.grid, 250), (calm.grid, 125)):
        with Image.open(io.BytesIO(file)) as image:
            assert getattr(image, "n_frames", 1) == 12
            image.seek(11)
            image.load()
            assert image.info["duration"] == each
    assert _alike(calm) > _alike(lively) + 1
    assert psnr(pixels_of(slow)[0], pixels_of(lively)[0]) > EQUAL_DB


def _alike(result: PaintedPictures) -> float:
    """Return how alike neighbouring frames are, in decibels."""
    shown = frames_in(result)
    return float(np.mean([psnr(one, other) for one, other in pairwise(shown)]))


async def test_a_film_starts_from_the_pictures_in_its_prompt(registry: Registry) -> None:
    """They are what a source is; with low motion it stays nearer to them."""
    source = encoded_gradient(32, 32)
    prompted = [with_images(film("a cat", motion=motion), {source: 1.0}) for motion in ("low", "high")]
    async with create_painter(registry, max_rows=64) as painter:
        calm, lively, pressed = await all_painted(painter, [*prompted, film("a cat", source=source)])
    assert psnr(pixels_of(lively)[0], pixels_of(pressed)[0]) > EQUAL_DB
    near, far = (psnr(pixels(source), pixels_of(one)[0]) for one in (calm, lively))
    assert near > far


async def test_a_film_is_decoded_and_previewed_in_parts(registry: Registry) -> None:
    """A few frames at a time, and four of them in a preview, with steps counted as those of a picture."""
    batches: Batches = []
    options = LoopOptions(decode_pixels=3 * 32 * 32)
    async with create_painter(registry, max_rows=2, options=options, on_forward=batches.append) as painter:
        events = [event async for event in painter.paint(film("a red cat"))]
    *steps, result = events
    assert isinstance(result, PaintedPictures) and len(frames_in(result)) == FRAMES
    assert [(one.done, one.total) for one in steps if isinstance(one, Progress)] == [(1, 3), (2, 3), (3, 3)]
    previews = [one.preview for one in steps if isinstance(one, Progress) and one.preview is not None]
    assert len(batches) == STEPS and previews
    with Image.open(io.BytesIO(previews[0])) as image:
        assert image.size == (256, 256)


async def test_a_film_is_painted_again_from_its_recipe(registry: Registry) -> None:
    source = encoded_gradient(32, 32)
    async with create_painter(registry, max_rows=64) as painter:
        for wanted in (film("a red cat", fps=12, motion="low"), film("a red cat", source=source, strength=0.7)):
            first = await painted(painter, wanted)
            recipe = json.loads(json.dumps(first.pictures[0].recipe))
            again = await painted(painter, request_from_recipe(recipe, registry, wanted.source))
            assert first.grid == again.grid and again.pictures[0].recipe["film"] == recipe["film"]
    assert recipe["film"] | {"sha256": ""} == {"frames": FRAMES, "fps": 8, "adapter": "wave", "sha256": ""}
    recipe["film"]["sha256"] = "0" * 64
    with pytest.raises(WeightsMismatch):
        request_from_recipe(recipe, registry, source)


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"frames": MAX_FRAMES + 1}, SettingUnsupported),
        ({"frames": 7}, SettingUnsupported),
        ({"fps": 60}, SettingUnsupported),
        ({"model": "sdxl"}, OperationUnsupported),
    ],
)
async def test_what_no_film_can_have_is_refused(
    registry: Registry, parameters: dict[str, Any], error: type[EaselError]
) -> None:
    """Other jobs go on; those beyond what the adapter was trained with are told how many it takes."""
    async with create_painter(registry, max_rows=64) as painter:
        with pytest.raises(error) as told:
            await painted(painter, film("a cat", **parameters))
        assert len(pixels_of(await painted(painter, paint_request("a cat", steps=1)))) == 4
    if parameters == {"frames": MAX_FRAMES + 1}:
        assert told.value.facts["within"] == ("8", str(MAX_FRAMES))


@pytest.mark.parametrize(
    ("shape", "cause"),
    [
        ({"block_out_channels": (32, 32)}, "its block_out_channels is [32, 32], and the model needs [32, 64]"),
        ({"motion_layers_per_block": 2}, "its motion_layers_per_block is [2, 2], and the model needs [1, 1]"),
        ({"conv_in_channels": 9}, "it takes a picture beside the latents, which is not supported"),
    ],
)
async def test_an_adapter_that_does_not_fit_is_told(
    registry: Registry, tmp_path: Path, shape: dict[str, Any], cause: str
) -> None:
    other = replace(registry.motion_adapters["wave"], folder=save_motion(tmp_path / "other", seed=1, **shape))
    unfit = replace(registry, motion_adapters=MappingProxyType({"wave": other}))
    async with create_painter(unfit, max_rows=64) as painter:
        with pytest.raises(ModelBroken) as told:
            await painted(painter, film("a cat"))
    assert told.value.facts["cause"] == cause and told.value.facts["add_on_name"] == "wave"


async def test_an_adapter_without_a_middle_paints_and_one_that_is_gone_is_missed(
    registry: Registry, tmp_path: Path
) -> None:
    """As the newest adapter of AnimateDiff has none."""
    folder = save_motion(tmp_path / "hollow", seed=2, use_motion_mid_block=False)
    other = replace(registry.motion_adapters["wave"], folder=folder)
    hollow = replace(registry, motion_adapters=MappingProxyType({"wave": other}))
    async with create_painter(hollow, max_rows=64) as painter:
        assert len(frames_in(await painted(painter, film("a cat")))) == FRAMES
    shutil.rmtree(folder)
    async with create_painter(hollow, max_rows=64) as painter:
        with pytest.raises(WeightsMissing):
            await painted(painter, film("a cat"))
