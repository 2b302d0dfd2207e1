"""Every family through the same loop: its pictures are those of its own stock pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.contract.painting import Order
from engine.models.registry import Registry
from engine.painter.local import create_painter
from tests.engine.painter.orders import all_painted, order, pixels_of, psnr
from tests.engine.painter.stock import stock_pictures

ENOUGH_DB = 50

PIPELINES = {"wide": "StableDiffusionPipeline", "sd2": "StableDiffusionPipeline", "sdxl": "StableDiffusionXLPipeline"}


@pytest.mark.parametrize("model", PIPELINES)
async def test_a_family_in_a_mixed_batch_paints_what_its_stock_pipeline_paints(
    registry: Registry, checkpoints: Path, model: str
) -> None:
    """With and without guidance and a negative prompt, two samplers, all in the same forwards."""
    orders = (
        order("a red cat", model=model, sampler="euler", steps=4, pictures=2),
        order("a house", ("fog", -0.5), model=model, sampler="dpmpp-2m", steps=5, pictures=2),
        order("a tree", model=model, sampler="ddim", steps=3, cfg=1.0, pictures=2),
    )
    async with create_painter(registry, width=64) as painter:
        results = await all_painted(painter, orders)
    asked: tuple[dict[str, Any], ...] = (
        {"prompt": "a red cat", "sampler": "euler", "num_inference_steps": 4, "guidance_scale": 5.0},
        {"prompt": "a house", "negative_prompt": "fog", "sampler": "dpmpp-2m", "num_inference_steps": 5,
         "guidance_scale": 5.0},
        {"prompt": "a tree", "sampler": "ddim", "num_inference_steps": 3, "guidance_scale": 1.0},
    )  # fmt: skip
    for result, settings in zip(results, asked, strict=True):
        stock = stock_pictures(checkpoints / model, kind=PIPELINES[model], pictures=2, height=32, width=32, **settings)
        assert min(psnr(*pair) for pair in zip(pixels_of(result), stock, strict=True)) > ENOUGH_DB


async def test_stable_diffusion_3_in_a_mixed_batch_paints_what_its_stock_pipeline_paints(
    registry: Registry, checkpoints: Path
) -> None:
    orders = (
        order("a red cat", model="sd3", steps=4, pictures=2),
        order("a house", ("fog", -0.5), model="sd3", steps=5, pictures=2, cfg=3.0),
    )
    asked: tuple[dict[str, Any], ...] = (
        {"prompt": "a red cat", "num_inference_steps": 4, "guidance_scale": 5.0},
        {"prompt": "a house", "negative_prompt": "fog", "num_inference_steps": 5, "guidance_scale": 3.0},
    )
    await equal_stock(registry, checkpoints / "sd3", "StableDiffusion3Pipeline", orders, asked)


async def test_flux_with_other_guidance_in_one_batch_paints_what_its_stock_pipeline_paints(
    registry: Registry, checkpoints: Path
) -> None:
    """The guidance scale is told to each row of the forward."""
    orders = (
        order("a red cat", model="flux", steps=4, pictures=2),
        order("a house", model="flux", steps=5, pictures=2, cfg=1.5),
    )
    asked: tuple[dict[str, Any], ...] = (
        {"prompt": "a red cat", "num_inference_steps": 4, "guidance_scale": 5.0},
        {"prompt": "a house", "num_inference_steps": 5, "guidance_scale": 1.5},
    )
    await equal_stock(registry, checkpoints / "flux", "FluxPipeline", orders, asked)


async def equal_stock(
    registry: Registry, folder: Path, kind: str, orders: Sequence[Order], asked: Sequence[dict[str, Any]]
) -> None:
    async with create_painter(registry, width=64) as painter:
        results = await all_painted(painter, orders)
    for result, settings in zip(results, asked, strict=True):
        stock = stock_pictures(folder, kind=kind, sampler="flow", pictures=2, height=32, width=32, **settings)
        assert min(psnr(*pair) for pair in zip(pixels_of(result), stock, strict=True)) > ENOUGH_DB
    assert psnr(pixels_of(results[0])[0], pixels_of(results[1])[0]) < ENOUGH_DB
