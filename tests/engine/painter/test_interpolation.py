"""From one prompt or picture to another: the ends are themselves, and what lies between is on a line or an arc."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from pathlib import Path

import diffusers
import pytest
import torch
from PIL import Image

from engine.contract.jobs import ParameterValue
from engine.models.registry.registry import Registry
from engine.painter.in_process import create_painter
from engine.painter.output.recipe import request_from_recipe
from engine.painter.sampling.guidance import Conditioning, PromptEmbeds
from engine.painter.sampling.interpolation import conditioning_between, slerp
from tests.engine.painter.requests import (
    all_painted,
    encoded_gradient,
    paint_request,
    painted,
    pixels_of,
    psnr,
    with_images,
)
from tests.engine.painter.stock import EQUAL_DB
from tests.engine.painter.test_image_prompts import flipped

STEPS = 4
BETWEEN: dict[str, ParameterValue] = {"interpolate": True, "sampler": "euler", "steps": STEPS}


def frames_of(film: bytes) -> list[Image.Image]:
    """Return the frames of a film, each with its duration."""
    frames = []
    with Image.open(io.BytesIO(film)) as image:
        assert (image.format, image.info["loop"]) == ("WEBP", 0)
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            image.load()
            frames.append(image.copy())
    return frames


async def test_words_go_over_into_each_other(registry: Registry, checkpoints: Path) -> None:
    """The four pictures lie at 0, a third, two thirds and 1, painted from one noise and repainted byte for byte."""
    request = paint_request(("a cat", 0.5), ("a dog", 0.5), parameters=BETWEEN)
    plain: dict[str, ParameterValue] = {"sampler": "euler", "steps": STEPS, "sameseed": request.seed}
    async with create_painter(registry, max_rows=64) as painter:
        between, cat, dog = await all_painted(
            painter, [request, *(paint_request(word, pictures=1, parameters=plain) for word in ("a cat", "a dog"))]
        )
        recipe = between.pictures[2].recipe
        again = await painted(painter, request_from_recipe(recipe, registry))
    assert again.pictures[2].png == between.pictures[2].png
    first, _, third, last = pixels_of(between)
    assert psnr(first, pixels_of(cat)[0]) > EQUAL_DB < psnr(last, pixels_of(dog)[0])

    pipe = diffusers.StableDiffusionPipeline.from_pretrained(checkpoints / "sd1", dtype=torch.float32)
    pipe.scheduler = diffusers.EulerDiscreteScheduler.from_config(pipe.scheduler.config)
    texts = [pipe.encode_prompt(text, "cpu", 1, False)[0] for text in ("a cat", "a dog", "")]
    stock = pipe(
        prompt_embeds=torch.lerp(texts[0], texts[1], 2 / 3), negative_prompt_embeds=texts[2], guidance_scale=5.0,
        num_inference_steps=STEPS, generator=torch.Generator().manual_seed(request.seed),
    ).images[0]  # fmt: skip
    assert psnr(third, stock) > EQUAL_DB

    film = frames_of(between.grid or b"")
    assert between.grid_type == "image/webp" and 4 < len(film) <= 24
    assert film[0].size == (32, 32 + 8)


async def test_pictures_go_over_into_each_other(registry: Registry) -> None:
    """On the arc between their latents; the ends are what is painted from one with next to nothing of the other."""
    ends = (encoded_gradient(32, 32), flipped(encoded_gradient(32, 32)))
    words: dict[str, ParameterValue] = {"sampler": "euler", "steps": STEPS, "strength": 0.5}
    request = with_images(paint_request("a cat", parameters={**BETWEEN, "strength": 0.5}), dict.fromkeys(ends, 1.0))
    alone = with_images(paint_request("a cat", pictures=1, parameters=words), {ends[0]: 1e4, ends[1]: 1e-4})
    async with create_painter(registry, max_rows=64) as painter:
        between, start = await all_painted(painter, [request, alone])
        again = request_from_recipe(between.pictures[1].recipe, registry, images=ends)
        assert (await painted(painter, again)).pictures[1].png == between.pictures[1].png
    pictures = pixels_of(between)
    assert psnr(pictures[0], pixels_of(start)[0]) > EQUAL_DB
    distances = [psnr(pictures[0], one) for one in pictures[1:]]
    assert distances == sorted(distances, reverse=True)


async def test_a_film_shows_every_step_and_then_the_grid(registry: Registry) -> None:
    """The pictures are those without it, and their recipes repaint them."""
    plain = paint_request("a cat", sampler="euler", steps=STEPS)
    filmed = replace(plain, spec=replace(plain.spec, parameters={**plain.spec.parameters, "video": True}))
    async with create_painter(registry, max_rows=64) as painter:
        grid, film = await all_painted(painter, [plain, filmed])
    assert min(psnr(*pair) for pair in zip(pixels_of(grid), pixels_of(film), strict=True)) > EQUAL_DB
    frames = frames_of(film.grid or b"")
    assert 2 <= len(frames) <= STEPS + 1 and frames[-1].info["duration"] == 2000
    with Image.open(io.BytesIO(grid.grid or b"")) as whole:
        assert frames[-1].size == whole.size
        assert psnr(frames[-1].convert("RGB"), whole.convert("RGB")) > 20


async def test_a_variation_of_one_of_them_is_four_pictures(registry: Registry) -> None:
    """They start from noises of their own, as those of any picture, and are repainted byte for byte."""
    request = paint_request("a cat", "a dog", source=encoded_gradient(32, 32), parameters={**BETWEEN, "video": True})
    async with create_painter(registry, max_rows=64) as painter:
        varied = await painted(painter, request)
        again = request_from_recipe(varied.pictures[1].recipe, registry, encoded_gradient(32, 32))
        assert (await painted(painter, again)).pictures[1].png == varied.pictures[1].png
    assert len({picture.png for picture in varied.pictures}) == 4
    with Image.open(io.BytesIO(varied.grid or b"")) as grid:
        assert (grid.size, getattr(grid, "n_frames", 1)) == ((64, 64), 1)


def test_an_arc_keeps_the_length() -> None:
    """Its ends are exact; between two that are orthogonal, each has its share of the angle."""
    one, other = torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 2, 2)
    one[..., 0, 0], other[..., 1, 1] = 2.0, 2.0
    assert slerp(one, other, 0.0) is one and slerp(one, other, 1.0) is other
    third = slerp(one, other, 1 / 3)
    assert third.norm().item() == pytest.approx(2)
    assert (third[..., 0, 0].item(), third[..., 1, 1].item()) == pytest.approx(
        (2 * math.cos(math.pi / 6), 2 * math.sin(math.pi / 6))
    )
    assert torch.equal(slerp(one, one * 1.5, 0.5), one * 1.25)


def test_texts_of_different_lengths_are_mixed_as_predictions() -> None:
    """With the shares as weights; at the ends, one of them is left."""
    short, long = (PromptEmbeds(tokens=torch.ones(1, length, 4)) for length in (3, 5))
    both = Conditioning(embeds=(short, long), weights=(0.5, 0.5), unconditional=short, guidance=4.0)
    between = conditioning_between(both, 0.25)
    assert (between.embeds, between.weights) == ((short, long), (0.75, 0.25))
    assert conditioning_between(both, 0.0).embeds == (short,) and conditioning_between(both, 1.0).embeds == (long,)
