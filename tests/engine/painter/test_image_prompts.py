"""A prompt with pictures is what the stock image-to-image pipeline paints, and can be painted again from its recipe."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import diffusers
import pytest
import torch
from PIL import Image, ImageOps

from engine.contract.errors import PictureCorrupt, RecipeUnreadable, SourceMismatch
from engine.models.registry.registry import Registry
from engine.painter.in_process import create_painter
from engine.painter.operations.source import cropped_pixels
from engine.painter.output.recipe import request_from_recipe
from tests.engine.painter.requests import (
    all_painted,
    encoded_gradient,
    paint_request,
    painted,
    pixels_of,
    psnr,
    with_images,
)
from tests.engine.painter.stock import EQUAL_DB, stock_pictures

STEPS = 6


def flipped(encoded: bytes) -> bytes:
    """Return the picture upside down."""
    out = io.BytesIO()
    ImageOps.flip(Image.open(io.BytesIO(encoded))).save(out, "PNG")
    return out.getvalue()


async def test_one_picture_is_the_start_of_image_to_image(registry: Registry, checkpoints: Path) -> None:
    """Its middle is taken, and `--iw` or `--strength` says how far to go from it, whatever else is in the batch."""
    wide = encoded_gradient(64, 32)
    asked = [("euler", {"iw": 2.0}, 0.5), ("dpmpp-2m", {}, 0.75), ("heun", {"strength": 0.3, "iw": 3.0}, 0.3)]
    requests = [
        with_images(paint_request("a cat", sampler=sampler, steps=STEPS, pictures=2, parameters=said), {wide: 1.0})
        for sampler, said, _ in asked
    ]
    async with create_painter(registry, max_rows=64) as painter:
        *results, _ = await all_painted(painter, [*requests, paint_request("a dog", steps=STEPS)])
    middle = io.BytesIO()
    ImageOps.fit(Image.open(io.BytesIO(wide)), (32, 32), Image.Resampling.LANCZOS).save(middle, "PNG")
    for result, (sampler, _, strength) in zip(results, asked, strict=True):
        stock = stock_pictures(
            checkpoints / "sd1", kind="StableDiffusionImg2ImgPipeline", sampler=sampler, pictures=2, prompt="a cat",
            source=middle.getvalue(), strength=strength, num_inference_steps=STEPS, guidance_scale=5.0,
        )  # fmt: skip
        assert min(psnr(*pair) for pair in zip(pixels_of(result), stock, strict=True)) > EQUAL_DB, sampler
        assert result.pictures[0].recipe["strength"] == strength


async def test_several_pictures_start_from_what_they_have_in_common(registry: Registry, checkpoints: Path) -> None:
    """By their weights, at unit variance, and nearer without words; the stock pipeline is handed the latents."""
    weights = {encoded_gradient(32, 32): 3.0, flipped(encoded_gradient(32, 32)): 1.0}
    async with create_painter(registry, max_rows=64) as painter:
        request = with_images(paint_request("", sampler="euler", steps=STEPS, pictures=1), weights)
        request = replace(request, spec=replace(request.spec, parts=()))
        result = await painted(painter, request)
    pipe = diffusers.StableDiffusionImg2ImgPipeline.from_pretrained(checkpoints / "sd1", dtype=torch.float32)
    pipe.scheduler = diffusers.EulerDiscreteScheduler.from_config(pipe.scheduler.config)
    generator = torch.Generator().manual_seed(request.seed)
    with torch.inference_mode():
        encoded = [pipe.vae.encode(cropped_pixels(one, 32, 32)).latent_dist.sample(generator) for one in weights]
    mean = (3 * encoded[0] + encoded[1]) / 10**0.5 * pipe.vae.config.scaling_factor
    stock = pipe(
        "", image=mean, strength=0.4, num_inference_steps=STEPS, guidance_scale=5.0, generator=generator
    ).images[0]  # fmt: skip
    assert psnr(pixels_of(result)[0], stock) > EQUAL_DB


async def test_a_recipe_names_the_pictures_and_paints_the_same_bytes(registry: Registry) -> None:
    """With other pictures, or with none, it is refused."""
    weights = {encoded_gradient(32, 32): 1.0, encoded_gradient(16, 48): 2.0}
    async with create_painter(registry, max_rows=64) as painter:
        first = await painted(painter, with_images(paint_request("a cat", steps=STEPS), weights))
        recipe = first.pictures[2].recipe
        again = request_from_recipe(recipe, registry, images=tuple(weights))
        assert (await painted(painter, again)).pictures[2].png == first.pictures[2].png
        with pytest.raises(SourceMismatch):
            await painted(painter, replace(again, images=again.images[:1]))
    assert recipe["source_sha256"] is None and len(recipe["image_sha256"]) == 2
    for others in ((), tuple(weights)[::-1], tuple(weights)[:1]):
        with pytest.raises(PictureCorrupt):
            request_from_recipe(recipe, registry, images=others)
    with pytest.raises(RecipeUnreadable, match="image_sha256 has 1 entries"):
        request_from_recipe({**recipe, "image_sha256": recipe["image_sha256"][:1]}, registry, images=tuple(weights))
