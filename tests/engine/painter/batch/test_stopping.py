"""`--stop`: a picture that is cut short is the best estimate so far, as the stock scheduler estimates it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from types import MappingProxyType
from typing import Any

import diffusers
import pytest
import torch
from PIL import Image

from engine.models.registry.registry import Registry
from engine.painter.in_process import create_painter
from tests.engine.painter.requests import Batches, all_painted, paint_request, pixels_of, psnr
from tests.engine.painter.stock import EQUAL_DB, OTHER_DB, SCHEDULERS

STEPS, STOP = 8, 50

# Where each sampler's scheduler has its estimate of the clean latents after a step.
GUESSES: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {
        "euler": lambda scheduler, after: after.pred_original_sample,
        "euler-ancestral": lambda scheduler, after: after.pred_original_sample,
        "ddim": lambda scheduler, after: after.pred_original_sample,
        "lcm": lambda scheduler, after: after.denoised,
        "dpmpp-2m": lambda scheduler, after: scheduler.model_outputs[-1],
        "unipc": lambda scheduler, after: scheduler.model_outputs[-1],
    }
)


@pytest.mark.parametrize("sampler", GUESSES)
async def test_a_stopped_picture_is_the_denoised_estimate_of_the_stock_scheduler(
    registry: Registry, checkpoints: Path, sampler: str
) -> None:
    """After half the model calls, beside a request that goes on to its end; the latents themselves are still noise."""
    batches: Batches = []
    half = paint_request("a red cat", sampler=sampler, steps=STEPS, stop=STOP, pictures=1)
    whole = paint_request("a red cat", sampler=sampler, steps=STEPS, pictures=1)
    async with create_painter(registry, max_rows=64, on_forward=batches.append) as painter:
        stopped, _ = await all_painted(painter, (half, whole))
    assert sum((half.job_id, 0) in rows for rows in batches) == STEPS // 2
    denoised, latents = stock_stopped(checkpoints / "sd1", sampler)
    assert psnr(pixels_of(stopped)[0], denoised) > EQUAL_DB
    assert psnr(pixels_of(stopped)[0], latents) < OTHER_DB


def stock_stopped(folder: Path, sampler: str) -> tuple[Image.Image, Image.Image]:
    """Return what the stock pipeline decodes after half its steps: the scheduler's estimate, and the latents."""
    pipe = diffusers.StableDiffusionPipeline.from_pretrained(folder)
    pipe.set_progress_bar_config(disable=True)
    kind, changes = SCHEDULERS[sampler]
    pipe.scheduler = scheduler = kind.from_config(pipe.scheduler.config, **changes)
    step, denoised = scheduler.step, []

    @wraps(step)
    def record_denoised(*args: Any, **kwargs: Any) -> tuple[Any]:
        after = step(*args, **{**kwargs, "return_dict": True})
        denoised.append(GUESSES[sampler](scheduler, after))
        return (after.prev_sample,)

    scheduler.step = record_denoised

    def painted(is_denoised: bool) -> Image.Image:
        def stop(pipe: Any, step: int, timestep: Any, outputs: dict[str, Any]) -> dict[str, Any]:
            pipe._interrupt = step + 1 == STEPS // 2
            return {"latents": denoised[-1]} if is_denoised and pipe.interrupt else outputs

        picture: Image.Image = pipe(
            "a red cat", num_inference_steps=STEPS, guidance_scale=5.0, height=32, width=32,
            generator=torch.Generator().manual_seed(7), callback_on_step_end=stop,
        ).images[0]  # fmt: skip
        return picture

    return painted(True), painted(False)
