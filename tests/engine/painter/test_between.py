"""`--between`: pictures on the way from one grid to another, which are the two grids themselves at its ends."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from PIL import Image

from engine.contract.errors import SettingUnsupported
from engine.models.registry.registry import Registry, read_registry
from engine.painter.in_process import create_painter
from engine.painter.output.recipe import request_from_recipe
from engine.painter.sampling.guidance import Conditioning, PromptEmbeds
from engine.painter.sampling.interpolation import conditioning_on_way
from engine.painter.sampling.params import params_from_request
from engine.starter.classifier import classifier_from_file, classify
from tests.engine.painter.requests import IDS, all_painted, between, paint_request, painted, pixels_of, psnr
from tests.engine.painter.stock import EQUAL_DB


@pytest.mark.parametrize(
    ("one", "other", "sampler"),
    [
        (("a red circle",), ("a blue square", ("night", -0.5)), "euler-ancestral"),
        (("a red circle", "a blue square"), ("a tree",), "euler"),
    ],
)
async def test_the_ends_are_the_two_grids(one: tuple[str, ...], other: tuple[str, ...], sampler: str) -> None:
    """Whatever parts they have and noise their sampler adds; a picture between them is neither, and is repainted."""
    registry = read_registry()
    first = paint_request(*one, seed=11, pictures=2, sampler=sampler, steps=6)
    second = paint_request(*other, seed=5000, pictures=2, sampler=sampler, steps=6)
    asked = [first, second, *(between(first, second, at) for at in (0.0, 0.5, 1.0))]
    async with create_painter(registry, max_rows=64) as painter:
        left, right, start, middle, end = await all_painted(painter, asked)
        recipe = middle.pictures[1].recipe
        again = await painted(painter, request_from_recipe(recipe, registry))
    for same, grid in ((start, left), (end, right)):
        assert min(psnr(*pair) for pair in zip(pixels_of(same), pixels_of(grid), strict=True)) > EQUAL_DB
    for grid in (left, right):
        assert max(psnr(*pair) for pair in zip(pixels_of(middle), pixels_of(grid), strict=True)) < 30
    assert psnr(pixels_of(again)[1], pixels_of(middle)[1]) > EQUAL_DB
    assert recipe["seed"] == 12 and [len(end["parts"]) for end in recipe["spec"]["ends"]] == [len(one), len(other)]


@pytest.mark.parametrize("model", ["tiny", "sdxl", "lcm"])
async def test_other_models_have_the_same_ends(registry: Registry, model: str) -> None:
    """Also where the texts are of different lengths, where pooled embeddings are read, and guidance is an input."""
    long = " ".join(["a very long story of a dog"] * 16)
    first, second = (
        paint_request(text, seed=seed, pictures=1, model=model) for text, seed in (("a cat", 1), (long, 90))
    )
    asked = [first, second, *(between(first, second, at) for at in (0.0, 0.4, 1.0))]
    async with create_painter(registry, max_rows=64) as painter:
        left, right, start, middle, end = (pixels_of(one)[0] for one in await all_painted(painter, asked))
    assert psnr(start, left) > EQUAL_DB < psnr(end, right)
    assert psnr(middle, left) < EQUAL_DB > psnr(middle, right)


async def test_the_subject_goes_over_and_another_seed_is_another_way() -> None:
    """A re-roll moves both seeds by as much, so that its ends are the re-rolled grids."""
    first, second = paint_request("a red circle", seed=3), paint_request("a blue circle", seed=800)
    moved = [replace(one, seed=one.seed + 50) for one in (first, second)]
    asked = [*(between(first, second, at) for at in (0.05, 0.95)), between(first, second, 1.0, 50), moved[1]]
    async with create_painter(max_rows=64) as painter:
        near, far, rerolled, other = await all_painted(painter, asked)
    shown = [Image.fromarray(picture) for grid in (near, far) for picture in pixels_of(grid)]
    verdicts = classify(classifier_from_file(), shown)
    assert [verdict.colour for verdict in verdicts] == ["red"] * 4 + ["blue"] * 4
    assert min(psnr(*pair) for pair in zip(pixels_of(rerolled), pixels_of(other), strict=True)) > EQUAL_DB


def test_texts_of_several_parts_are_mixed_as_predictions() -> None:
    """Each with its share of its weight; unconditional rows of different lengths are padded and mixed."""
    short, long = (PromptEmbeds(tokens=torch.full((1, length, 4), float(length))) for length in (2, 3))
    one = Conditioning(embeds=(short, short), weights=(0.5, 0.5), unconditional=short, guidance=4.0)
    other = Conditioning(embeds=(long,), weights=(1.0,), unconditional=long, guidance=4.0)
    way = conditioning_on_way(one, other, 0.25)
    assert way.weights == (0.375, 0.375, 0.25) and len(way.embeds) == 3
    assert way.unconditional is not None and way.unconditional.mask is not None
    assert way.unconditional.tokens[0, :, 0].tolist() == [2.25, 2.25, 0.75] and way.unconditional.mask.all()
    assert conditioning_on_way(one, other, 0.0) is one and conditioning_on_way(one, other, 1.0) is other


def test_results_that_were_not_found_are_refused() -> None:
    request = paint_request("a cat", parameters={"between": IDS})
    with pytest.raises(SettingUnsupported):
        params_from_request(request, read_registry())
