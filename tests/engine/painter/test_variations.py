"""A variation is what the stock image-to-image pipeline paints, with every sampler and however strong it is."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from engine.models.registry.registry import Registry
from engine.painter.in_process import create_painter
from tests.engine.painter.requests import all_painted, encoded_gradient, paint_request, pixels_of, psnr
from tests.engine.painter.stock import EQUAL_DB, SCHEDULERS, stock_pictures

STRENGTHS = (0.3, 0.6, 1.0)
STEPS = 6


async def test_variations_of_every_sampler_and_strength_at_once(registry: Registry, checkpoints: Path) -> None:
    """Each begins as far on its way as in its own stock call, be it of one call a step or of two."""
    source = encoded_gradient(40, 24)
    asked = [(sampler, strength) for sampler in SCHEDULERS for strength in STRENGTHS]
    requests = [
        paint_request("a cat", source=source, strength=strength, sampler=sampler, steps=STEPS, pictures=2)
        for sampler, strength in asked
    ]
    async with create_painter(registry, max_rows=64) as painter:
        results = await all_painted(painter, requests)
    for result, (sampler, strength) in zip(results, asked, strict=True):
        stock = stock_pictures(
            checkpoints / "sd1", kind="StableDiffusionImg2ImgPipeline", sampler=sampler, pictures=2, prompt="a cat",
            source=resized(source, 32, 32), strength=strength, num_inference_steps=STEPS, guidance_scale=5.0,
        )  # fmt: skip
        nearest = min(psnr(*pair) for pair in zip(pixels_of(result), stock, strict=True))
        assert nearest > EQUAL_DB, (sampler, strength)


def resized(encoded: bytes, width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(encoded)).resize((width, height), Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()
