"""Guidance for the first part of the steps only: the same pictures as the stock pipeline's callback, in fewer rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import diffusers
import pytest
from diffusers.callbacks import SDCFGCutoffCallback, SDXLCFGCutoffCallback

from engine.models.registry.registry import Registry
from engine.models.registry.speed import SpeedSettings
from engine.painter.in_process import create_painter
from engine.painter.sampling.trajectory import Trajectory, scheduler_for
from tests.engine.painter.requests import all_painted, encoded_gradient, paint_request, painted, pixels_of, psnr
from tests.engine.painter.stock import EQUAL_DB, OTHER_DB, stock_pictures

# Of 7 steps the first 2 are guided, in the stock pipeline's counting as in the painter's.
UNTIL, STEPS = 0.22, 7
# Guidance that a model with random weights shows.
GUIDANCE = 30.0
KINDS = {
    "tiny": ("sd1", "StableDiffusionPipeline", SDCFGCutoffCallback),
    "sdxl": ("sdxl", "StableDiffusionXLPipeline", SDXLCFGCutoffCallback),
}


@pytest.fixture
def partly_guided(registry: Registry) -> Registry:
    """The models of the common registry, guided until `UNTIL`."""
    speed = SpeedSettings(guidance_until=UNTIL)
    models = {name: replace(model, speed=speed) for name, model in registry.models.items()}
    return replace(registry, models=MappingProxyType(models))


def stock(checkpoints: Path, name: str, sampler: str) -> Any:
    folder, kind, callback = KINDS[name]
    return stock_pictures(
        checkpoints / folder, kind=kind, sampler=sampler, pictures=1, prompt="a red cat", num_inference_steps=STEPS,
        guidance_scale=GUIDANCE, height=32, width=32, callback_on_step_end=callback(cutoff_step_ratio=UNTIL),
        callback_on_step_end_tensor_inputs=callback.tensor_inputs,
    )[0]  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("sampler", ["euler", "dpmpp-2m", "euler-ancestral"])
async def test_it_paints_what_the_stock_pipeline_paints_with_its_cutoff(
    partly_guided: Registry, checkpoints: Path, name: str, sampler: str
) -> None:
    """Beside a request of other steps, whose guidance ends at another time."""
    wanted = paint_request("a red cat", model=name, sampler=sampler, steps=STEPS, pictures=1, cfg=GUIDANCE)
    other = paint_request("fog", ("red", -0.5), model=name, sampler="heun", steps=11, pictures=2)
    async with create_painter(partly_guided, max_rows=64) as painter:
        result, _ = await all_painted(painter, [wanted, other])
    assert psnr(pixels_of(result)[0], stock(checkpoints, name, sampler)) > EQUAL_DB


async def test_guidance_until_changes_the_picture(partly_guided: Registry, registry: Registry) -> None:
    """Whoever guides to the end paints another picture; without guidance there is no difference."""
    pictures = []
    for models in (registry, partly_guided):
        async with create_painter(models, max_rows=64) as painter:
            both = [paint_request("a red cat", cfg=guidance, steps=STEPS, pictures=1) for guidance in (GUIDANCE, 1.0)]
            pictures.append([pixels_of(result)[0] for result in await all_painted(painter, both)])
    assert psnr(pictures[0][0], pictures[1][0]) < OTHER_DB
    assert psnr(pictures[0][1], pictures[1][1]) > EQUAL_DB


async def test_an_unguided_step_takes_half_the_rows(partly_guided: Registry) -> None:
    """In forwards of four rows two pictures are painted in each guided step, and all four in each other."""
    watched: list[int] = []
    async with create_painter(partly_guided, max_rows=4, on_forward=lambda rows: watched.append(len(rows))) as painter:
        await painted(painter, paint_request("a red cat", sampler="euler", steps=STEPS, pictures=4))
    assert watched == [2, 2, 2, 2, 4, 4, 4, 4, 4]


async def test_a_variation_is_guided_at_the_same_noise_as_a_new_picture(partly_guided: Registry) -> None:
    """One that begins where guidance has ended has none, so that any scale paints the same."""
    source = encoded_gradient(32, 32)
    weak = [
        paint_request("a red cat", source=source, strength=0.3, steps=10, pictures=1, cfg=cfg) for cfg in (3.0, 9.0)
    ]
    strong = [
        paint_request("a red cat", source=source, strength=0.9, steps=10, pictures=1, cfg=cfg) for cfg in (3.0, 9.0)
    ]
    async with create_painter(partly_guided, max_rows=64) as painter:
        results = [pixels_of(result)[0] for result in await all_painted(painter, [*weak, *strong])]
    assert psnr(results[0], results[1]) > EQUAL_DB
    assert psnr(results[2], results[3]) < OTHER_DB


@pytest.mark.parametrize(
    ("steps", "start", "share", "left"),
    [(10, 0, 1.0, 10), (10, 0, 0.6, 6), (10, 4, 0.6, 2), (10, 8, 0.6, 0), (10, 4, 1.0, 6), (1, 0, 0.1, 1)],
)
def test_model_calls_remaining_before_a_share_of_the_steps(steps: int, start: int, share: float, left: int) -> None:
    """A share counts from the noise of a new picture, wherever the trajectory begins; the first call is before any."""
    scheduler = scheduler_for("euler", diffusers.EulerDiscreteScheduler().config)
    scheduler.set_timesteps(steps)
    trajectory = Trajectory(scheduler, [], start)
    assert trajectory.remaining_before(share) == left


@pytest.mark.parametrize(("share", "left"), [(0.01, 2), (0.5, 10), (1.0, 19)])
def test_a_second_order_sampler_is_guided_in_whole_steps(share: float, left: int) -> None:
    """Its two calls of a step are averaged; the last step has one."""
    scheduler = scheduler_for("heun", diffusers.EulerDiscreteScheduler().config)
    scheduler.set_timesteps(10)
    assert Trajectory(scheduler, []).remaining_before(share) == left
