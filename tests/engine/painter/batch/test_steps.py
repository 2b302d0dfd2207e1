"""Whatever number of steps a job may ask for can be painted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import torch
from diffusers import (
    DPMSolverMultistepScheduler,
    FlowMatchEulerDiscreteScheduler,
    LCMScheduler,
    PNDMScheduler,
    SchedulerMixin,
)

from engine.contract.errors import SettingUnsupported
from engine.models.registry.families import FAMILIES
from engine.models.registry.registry import Registry, registry_from_data
from engine.painter.in_process import create_painter
from engine.painter.pipeline.flow_matching import set_even_timesteps
from engine.painter.sampling.trajectory import Trajectory, scheduler_for, start_index
from engine.prompt import max_steps_by
from tests.engine.painter.fakes import FlatModel
from tests.engine.painter.requests import paint_request, painted

DYNAMIC: Mapping[str, Any] = MappingProxyType({"use_dynamic_shifting": True, "base_shift": 0.5, "max_shift": 1.15})
# As the files of well-known models of each family have them.
SCHEDULERS: Mapping[str, tuple[SchedulerMixin, ...]] = MappingProxyType(
    {
        "sd1": (PNDMScheduler(skip_prk_steps=True, steps_offset=1), LCMScheduler()),
        "pixart": (DPMSolverMultistepScheduler(),),
        "sd3": (FlowMatchEulerDiscreteScheduler(shift=3.0),),
        "flux": (FlowMatchEulerDiscreteScheduler(shift=3.0, **DYNAMIC), FlowMatchEulerDiscreteScheduler()),
        "flux2-klein": (FlowMatchEulerDiscreteScheduler(shift=3.0, **DYNAMIC),),
        "chroma": (FlowMatchEulerDiscreteScheduler(shift=3.0, **DYNAMIC),),
        "auraflow": (FlowMatchEulerDiscreteScheduler(shift=1.73),),
        "lumina2": (FlowMatchEulerDiscreteScheduler(shift=6.0),),
        "sana": (
            DPMSolverMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0),
            FlowMatchEulerDiscreteScheduler(shift=3.0),
        ),
        "qwen-image": (
            FlowMatchEulerDiscreteScheduler(shift_terminal=0.02, **{**DYNAMIC, "max_shift": 0.9}),
            FlowMatchEulerDiscreteScheduler(shift=3.0),
        ),
        "z-image": (FlowMatchEulerDiscreteScheduler(shift=3.0),),
    }
)
EVEN = ("flux", "flux2-klein", "chroma", "lumina2", "qwen-image", "z-image")
WAYS = [(name, number, sampler) for name, its in SCHEDULERS.items() for number in range(len(its))
        for sampler in FAMILIES[name].samplers]  # fmt: skip


@pytest.mark.parametrize("strength", [None, 0.01, 0.5, 1.0])
@pytest.mark.parametrize(("family", "number", "sampler"), WAYS)
def test_every_sampler_paints_its_fewest_and_its_most_steps(
    family: str, number: int, sampler: str, strength: float | None
) -> None:
    """One, two, and the most: the way ends, and in numbers."""
    model = registry_from_data({"models": {"m": {"family": family, "folder": "m"}}}, Path("models.toml")).model()
    for steps in (1, 2, max_steps_by(sampler, model.step_limits)):
        scheduler = scheduler_for(sampler, SCHEDULERS[family][number].config, is_flow=model.family.is_flow)
        if family in EVEN:
            set_even_timesteps(scheduler, steps, 4096)
        else:
            scheduler.set_timesteps(steps)
        start = start_index(strength, steps, scheduler.order, is_flow=model.family.is_flow)
        assert torch.isfinite(
            walked(Trajectory(scheduler, [torch.Generator()], start, is_flow=model.family.is_flow))
        ).all()


def walked(trajectory: Trajectory) -> torch.Tensor:
    """Return the last latents of a trajectory on which the prediction is always a tenth of the latents."""
    latents = trajectory.add_noise(torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, 2))
    while not trajectory.is_over:
        latents, _ = trajectory.step(0.1 * trajectory.scale_model_input(latents), latents)
    return latents


async def test_more_steps_than_a_sampler_supports_are_refused(registry: Registry) -> None:
    """They are refused before they reach the loop, and the next request is painted."""
    async with create_painter(registry, max_rows=64, load=FlatModel) as painter:
        with pytest.raises(SettingUnsupported):
            await painted(painter, paint_request(sampler="lcm", steps=60))
        assert len((await painted(painter, paint_request(sampler="lcm", steps=50, pictures=1))).pictures) == 1
