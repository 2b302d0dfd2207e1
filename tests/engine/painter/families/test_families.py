"""Every family through the same loop: its pictures are those of its own stock pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.models.registry.registry import Registry
from engine.painter.in_process import create_painter
from tests.engine.painter.requests import all_painted, paint_request, pixels_of, psnr
from tests.engine.painter.stock import EQUAL_DB, OTHER_DB, stock_pictures

PIPELINES = {"wide": "StableDiffusionPipeline", "sd2": "StableDiffusionPipeline", "sdxl": "StableDiffusionXLPipeline"}


@pytest.mark.parametrize("model", PIPELINES)
async def test_a_family_in_a_mixed_batch_paints_what_its_stock_pipeline_paints(
    registry: Registry, checkpoints: Path, model: str
) -> None:
    """With and without guidance and a negative prompt, two samplers, all in the same forwards."""
    requests = (
        paint_request("a red cat", model=model, sampler="euler", steps=4, pictures=2),
        paint_request("a house", ("fog", -0.5), model=model, sampler="dpmpp-2m", steps=5, pictures=2),
        paint_request("a tree", model=model, sampler="ddim", steps=3, cfg=1.0, pictures=2),
    )
    async with create_painter(registry, max_rows=64) as painter:
        results = await all_painted(painter, requests)
    asked: tuple[dict[str, Any], ...] = (
        {"prompt": "a red cat", "sampler": "euler", "num_inference_steps": 4, "guidance_scale": 5.0},
        {"prompt": "a house", "negative_prompt": "fog", "sampler": "dpmpp-2m", "num_inference_steps": 5,
         "guidance_scale": 5.0},
        {"prompt": "a tree", "sampler": "ddim", "num_inference_steps": 3, "guidance_scale": 1.0},
    )  # fmt: skip
    for result, settings in zip(results, asked, strict=True):
        stock = stock_pictures(checkpoints / model, kind=PIPELINES[model], pictures=2, height=32, width=32, **settings)
        assert min(psnr(*pair) for pair in zip(pixels_of(result), stock, strict=True)) > EQUAL_DB


@pytest.mark.parametrize("kind", ["LatentConsistencyModelPipeline", "StableDiffusionPipeline"])
async def test_a_latent_consistency_model_receives_the_guidance_of_each_row(
    registry: Registry, checkpoints: Path, kind: str
) -> None:
    """Two guidance scales and two numbers of steps in one forward; both stock pipelines that take such a UNet agree."""
    requests = (
        paint_request("a red cat", model="lcm", steps=4, pictures=2, cfg=8.5),
        paint_request("a red cat", model="lcm", steps=2, pictures=2, cfg=1.0),
    )
    async with create_painter(registry, max_rows=64) as painter:
        results = await all_painted(painter, requests)
    for result, steps, guidance in zip(results, (4, 2), (8.5, 1.0), strict=True):
        stock = stock_pictures(
            checkpoints / "lcm", kind=kind, sampler="lcm", pictures=2, height=32, width=32, prompt="a red cat",
            num_inference_steps=steps, guidance_scale=guidance,
        )  # fmt: skip
        assert min(psnr(*pair) for pair in zip(pixels_of(result), stock, strict=True)) > EQUAL_DB


async def test_the_guidance_of_a_latent_consistency_model_changes_the_picture(registry: Registry) -> None:
    """Nothing but the guidance scale differs between the two."""
    async with create_painter(registry, max_rows=64) as painter:
        strong, weak = await all_painted(
            painter, [paint_request(model="lcm", pictures=1, cfg=cfg) for cfg in (8.5, 1.0)]
        )
    assert psnr(pixels_of(strong)[0], pixels_of(weak)[0]) < OTHER_DB
