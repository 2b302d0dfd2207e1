"""`--chaos`, `--weird` and `--tile` with the starter: what they change, by how much, and that nothing else does."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pytest
import torch
from PIL import Image

from engine.contract.jobs import ParameterValue
from engine.models.registry.registry import read_registry
from engine.painter.in_process import create_painter
from engine.painter.output.recipe import request_from_recipe
from engine.painter.sampling.guidance import Conditioning, PromptEmbeds
from engine.painter.sampling.tiling import shift_of
from engine.painter.sampling.variety import away_from_mean, draw_text_noise
from engine.starter.classifier import classifier_from_file, classify
from tests.engine.painter.requests import Pixels, all_painted, paint_request, pixels_of, psnr
from tests.engine.painter.stock import EQUAL_DB

PROMPTS = ("a red circle", "a blue house")


def difference(one: Pixels, other: Pixels) -> float:
    """Return the root mean square difference of two pictures, of 255."""
    return float(np.sqrt(((one.astype(float) - other) ** 2).mean()))


def seam(picture: Pixels, axis: int) -> float:
    """Return the mean step between two opposite edges, of 255."""
    first, last = np.take(picture, 0, axis).astype(float), np.take(picture, -1, axis)
    return float(np.abs(first - last).mean())


async def test_more_chaos_is_more_difference_within_a_grid_and_the_subject_stays() -> None:
    levels = (0, 40, 100)
    asked = [paint_request(prompt, parameters={"chaos": level}) for level in levels for prompt in PROMPTS]
    async with create_painter(max_rows=64) as painter:
        grids = [pixels_of(result) for result in await all_painted(painter, asked)]
    each = [np.mean([difference(*pair) for pair in combinations(grid, 2)]) for grid in grids]
    spread = [np.mean(each[2 * index : 2 * index + 2]) for index in range(len(levels))]
    print("spread", dict(zip(levels, spread, strict=True)))
    assert spread[0] < spread[1] < spread[2]
    shown = [Image.fromarray(picture) for grid in grids for picture in grid]
    shapes = [verdict.shape for verdict in classify(classifier_from_file(), shown)]
    assert sum(shape in ("circle", "house") for shape in shapes) >= len(shapes) - 2, shapes


async def test_weird_pictures_are_farther_from_usual_ones() -> None:
    asked = [paint_request(PROMPTS[0], pictures=1, parameters={"weird": level}) for level in (0, 400, 1500)]
    async with create_painter(max_rows=64) as painter:
        results = await all_painted(painter, asked)
    usual, odd, odder = (pixels_of(result)[0] for result in results)
    assert 0 < difference(usual, odd) < difference(usual, odder)


@pytest.mark.parametrize("given", [{"weird": 400}, {"chaos": 40}, {"tile": True}])
async def test_each_repaints_from_its_recipe(given: Mapping[str, ParameterValue]) -> None:
    registry = read_registry()
    async with create_painter(registry, max_rows=64) as painter:
        (first,) = await all_painted(painter, [paint_request(PROMPTS[0], pictures=1, steps=4, parameters=given)])
        (again,) = await all_painted(painter, [request_from_recipe(first.pictures[0].recipe, registry)])
    assert again.pictures[0].png == first.pictures[0].png


async def test_tiles_go_on_at_their_opposite_edge() -> None:
    """Where a scene's sky meets its ground at the edge, a tile's does not; others of the batch are not moved."""
    scene = "a blue house on the grass"
    asked = [paint_request(scene), paint_request(scene, parameters={"tile": True})]
    async with create_painter(max_rows=64) as painter:
        (alone,) = await all_painted(painter, asked[:1])
        both = await all_painted(painter, asked)
    (usual, tiles) = (pixels_of(result) for result in both)
    # Not to the last bit: rows of another number are summed in another order.
    assert psnr(usual, pixels_of(alone)) >= EQUAL_DB
    for axis in (0, 1):
        inner = np.mean([np.abs(np.diff(tile.astype(float), axis=axis)).mean() for tile in tiles])
        seams = [np.mean([seam(picture, axis) for picture in grid]) for grid in (usual, tiles)]
        print(f"axis {axis}: seam {seams[0]:.1f}, of tiles {seams[1]:.1f}, within {inner:.1f}")
        assert seams[1] < min(seams[0], 5 * inner)


def test_a_picture_is_moved_by_even_steps_of_a_quarter_to_three() -> None:
    """Patches of two latents stay whole; what was moved is back in its place."""
    shifts = [shift_of(step, 16, 32) for step in range(100)]
    assert {shift.down for shift in shifts} == set(range(4, 12, 2))
    assert {shift.across for shift in shifts} == set(range(8, 24, 2))
    latents = torch.arange(512.0).view(1, 1, 16, 32)
    assert all(torch.equal(shift.undo(shift.apply(latents)), latents) for shift in shifts)


@pytest.mark.parametrize("mask", [None, torch.tensor([[True] * 5 + [False] * 3])])
def test_noise_keeps_mean_and_deviation_and_ends_before_the_last_steps(mask: torch.Tensor | None) -> None:
    generator = torch.Generator().manual_seed(1)
    text = PromptEmbeds(tokens=torch.randn(1, 8, 4000, generator=generator) * 3 + 2, mask=mask)
    conditioning = Conditioning(embeds=(text,), weights=(1.0,), unconditional=text, guidance=5.0)
    noise = draw_text_noise(0.5, 7, conditioning.embeds)
    assert noise is not None and draw_text_noise(0, 7, conditioning.embeds) is None
    unconditional, noised = noise.texts(conditioning, 1.0)
    assert unconditional is text
    assert noised.tokens.mean().item() == pytest.approx(2, abs=0.1)
    assert noised.tokens.std().item() == pytest.approx(3, abs=0.1)
    shared = torch.corrcoef(torch.stack([text.tokens.flatten(), noised.tokens.flatten()]))[0, 1]
    assert shared.item() == pytest.approx(0.5**0.5, abs=0.02)
    assert noise.texts(conditioning, 0.3) == conditioning.texts


def test_a_text_moves_away_from_the_mean_of_its_own_tokens() -> None:
    tokens = torch.tensor([[[1.0], [3.0], [100.0]]])
    text = PromptEmbeds(tokens=tokens, mask=torch.tensor([[True, True, False]]))
    assert away_from_mean(text, 0) is text
    assert away_from_mean(text, 1).tokens[0, :2, 0].tolist() == [0.0, 4.0]
