"""Pictures as files: originals with their recipe, grids, previews."""

from __future__ import annotations

import io
from datetime import timedelta

import numpy as np
import pytest
from PIL import Image

from engine.models.registry.registry import Registry
from engine.painter.batch.options import LoopOptions
from engine.painter.in_process import create_painter
from engine.painter.output.images import MAX_GRID_BYTES, grid_from_pixels, png_from_pixels, preview_from_pixels, tiled
from tests.engine.painter.fakes import FlatModel
from tests.engine.painter.requests import Pixels, paint_request, painted, pixels
from tests.threads import threads_calling


def noise(side: int, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


def test_a_png_keeps_every_pixel_and_its_text() -> None:
    picture = noise(40)
    encoded = png_from_pixels(picture, "ein Fuchs, 狐\nSteps: 3")
    assert np.array_equal(pixels(encoded), picture)
    assert Image.open(io.BytesIO(encoded)).text["parameters"] == "ein Fuchs, 狐\nSteps: 3"  # type: ignore[attr-defined]


def test_tiles_read_1_2_over_3_4() -> None:
    grid = tiled([np.full((2, 3, 3), value, dtype=np.uint8) for value in (1, 2, 3, 4)])
    assert grid.shape == (4, 6, 3)
    assert [grid[0, 0, 0], grid[0, 3, 0], grid[2, 0, 0], grid[2, 3, 0]] == [1, 2, 3, 4]


def test_one_picture_is_its_own_grid() -> None:
    picture = noise(8)
    assert tiled([picture]) is picture


@pytest.mark.parametrize(("side", "media"), [(64, "image/webp"), (256, "image/webp"), (1024, "image/jpeg")])
def test_a_grid_has_a_media_type_and_is_never_too_large(side: int, media: str) -> None:
    """Noise is the worst that can be asked of an encoder."""
    encoded, grid_type = grid_from_pixels([noise(side, seed) for seed in range(4)])
    opened = Image.open(io.BytesIO(encoded))
    assert (opened.size, f"image/{(opened.format or '').lower()}", grid_type) == ((2 * side, 2 * side), media, media)
    assert len(encoded) < MAX_GRID_BYTES


def test_a_very_large_grid_of_noise_is_still_under_the_limit() -> None:
    encoded, _ = grid_from_pixels([noise(2048)])
    assert len(encoded) < MAX_GRID_BYTES


def test_a_preview_is_a_jpeg_of_256_pixels() -> None:
    assert pixels(preview_from_pixels([noise(16)] * 4)).shape == (256, 256, 3)


async def test_originals_contain_their_recipe_as_other_tools_write_it(registry: Registry) -> None:
    async with create_painter(registry, max_rows=64) as painter:
        result = await painted(
            painter, paint_request(("a fox", 3.0), ("ink", 1.0), ("red", -0.5), steps=2, cfg=4.5, seed=11)
        )
    second = result.pictures[1]
    text = Image.open(io.BytesIO(second.png)).text["parameters"]  # type: ignore[attr-defined]
    sha256 = second.recipe["model_sha256"]
    assert text.splitlines()[:2] == ["a fox :0.75 AND ink :0.25", "Negative prompt: red"]
    assert text.splitlines()[2].startswith(
        "Steps: 2, Sampler: Euler, Schedule type: Automatic, CFG scale: 4.5, Seed: 12, Size: 32x32,"
        f" Model hash: {sha256[:10]}, Model: tiny, Version: easel"
    )
    assert set(second.recipe["libraries"]) == {"torch", "diffusers", "transformers"}
    assert (second.seed, second.width, second.height) == (12, 32, 32)


async def test_nothing_is_encoded_on_the_event_loops_thread(registry: Registry) -> None:
    """Nor in that of the denoising loop: originals, grid and previews are made by threads for that alone."""
    with threads_calling(png_from_pixels, grid_from_pixels, preview_from_pixels) as names:
        async with create_painter(registry, load=FlatModel, options=LoopOptions(preview_every=timedelta(0))) as painter:
            await painted(painter, paint_request(steps=2))
    assert names and all(name.startswith("encoder") for name in names)
