"""How rows move from noise to picture: a diffusers scheduler for each sampler name, shared by those that move in step.

Nothing here knows models or batches; a scheduler is asked for its timesteps, its scaled input and its next sample.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping, Sequence
from math import ceil
from types import MappingProxyType
from typing import Any

import diffusers
import torch
from torch import Tensor

_DPM = "DPMSolverMultistepScheduler"

# Class and settings on top of the model's own scheduler configuration.
DIFFUSION: Mapping[str, tuple[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "euler": ("EulerDiscreteScheduler", {}),
        "euler-ancestral": ("EulerAncestralDiscreteScheduler", {}),
        "heun": ("HeunDiscreteScheduler", {}),
        "dpmpp-2m": (_DPM, {"algorithm_type": "dpmsolver++", "solver_order": 2, "use_karras_sigmas": False}),
        "dpmpp-2m-karras": (
            _DPM,
            {"algorithm_type": "dpmsolver++", "solver_order": 2, "use_karras_sigmas": True},
        ),
        "dpmpp-2m-sde": (
            _DPM,
            {"algorithm_type": "sde-dpmsolver++", "solver_order": 2, "use_karras_sigmas": False},
        ),
        "ddim": ("DDIMScheduler", {}),
        "unipc": ("UniPCMultistepScheduler", {}),
        "lcm": ("LCMScheduler", {}),
    }
)
FLOW: Mapping[str, tuple[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "euler": ("FlowMatchEulerDiscreteScheduler", {}),
        "heun": ("FlowMatchHeunDiscreteScheduler", {}),
        "dpmpp-2m": (
            _DPM,
            {
                "algorithm_type": "dpmsolver++",
                "solver_order": 2,
                "prediction_type": "flow_prediction",
                "use_flow_sigmas": True,
            },
        ),
    }
)


def scheduler_for(
    sampler: str, config: Mapping[str, Any], given: Mapping[str, Any] = MappingProxyType({}), *, is_flow: bool = False
) -> Any:
    """Return a new scheduler of the sampler, set up from the model's scheduler configuration.

    given: what the model's operator sets otherwise, `SchedulerSettings.overrides`.
    """
    name, changes = (FLOW if is_flow else DIFFUSION)[sampler]
    return getattr(diffusers, name).from_config(config, **changes, **(_shift(config, given) if is_flow else given))


def _shift(config: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return how far the noise schedule is shifted, under both names that diffusers 0.42 has for it.

    What the operator gives holds at every size, whatever the configuration says of sizes.
    """
    shift = given.get("shift") or config.get("flow_shift") or config.get("shift") or 1.0
    return {"shift": shift, "flow_shift": shift, **({"use_dynamic_shifting": False} if given else {})}


class Trajectory:
    """The way of pictures that move in step: one scheduler for all of them, a generator for each.

    at: model calls done; `is_over` when there are none left. A sampler of second order makes two calls a step.
    """

    def __init__(
        self,
        scheduler: Any,
        generators: Sequence[torch.Generator],
        start: int = 0,
        stop: float = 1.0,
        is_flow: bool = False,
    ) -> None:
        """Take over a scheduler whose timesteps are set; begin at index `start`, paint the share `stop` of the way."""
        self._start, self._is_flow = start, is_flow
        self.scheduler = scheduler
        self.generators = list(generators)
        timesteps: tuple[Tensor, ...] = tuple(scheduler.timesteps[start:])
        self.timesteps = timesteps[: max(1, round(len(timesteps) * stop))]
        self.at = 0
        self._draws = "generator" in inspect.signature(scheduler.step).parameters
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(start)

    def split(self, places: Sequence[int]) -> Trajectory:
        """Return the trajectory of some of its pictures, which from now on move on their own."""
        num = len(self.generators)
        part = copy.copy(self)
        part.generators = [self.generators[place] for place in places]
        part.scheduler = copy.copy(self.scheduler)
        for name, value in vars(self.scheduler).items():
            setattr(part.scheduler, name, _rows_of(value, num, places))
        return part

    @property
    def is_over(self) -> bool:
        return self.at == len(self.timesteps)

    @property
    def remaining(self) -> int:
        """Model calls still to do."""
        return len(self.timesteps) - self.at

    def remaining_before(self, share: float) -> int:
        """Return the model calls still to do before this share of all steps from noise, which is a whole one at least.

        share: over 0 to 1. A variation that begins later on the way has fewer of them.
        """
        calls_a_step: int = self.scheduler.order
        steps = ceil(len(self.scheduler.timesteps) / calls_a_step)
        end = max(1, round(steps * share)) * calls_a_step - self._start
        return min(max(end - self.at, 0), self.remaining)

    @property
    def timestep(self) -> Tensor:
        """The timestep of the next model call, a scalar."""
        return self.timesteps[self.at]

    def scale_model_input(self, latents: Tensor) -> Tensor:
        """Return what the model is shown of the latents at this timestep."""
        if hasattr(self.scheduler, "scale_model_input"):
            scaled: Tensor = self.scheduler.scale_model_input(latents, self.timestep)
            return scaled
        return latents

    def add_noise(self, latents: Tensor, noise: Tensor) -> Tensor:
        """Return clean latents brought to the noise level of the first timestep."""
        start = self.timesteps[0][None]
        if hasattr(self.scheduler, "add_noise"):
            noised: Tensor = self.scheduler.add_noise(latents, noise, start)
        else:
            noised = self.scheduler.scale_noise(latents, start, noise)
        return noised

    def advance(self, prediction: Tensor, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Return the next latents, and the best estimate of the clean ones; moves on by one model call.

        prediction, latents: float [pictures, ...], in the order of the generators.
        """
        extras = {"generator": self.generators} if self._draws else {}
        sigma = self.scheduler.sigmas[self._start + self.at] if self._is_flow else None
        after = self.scheduler.step(prediction, self.timestep, latents, **extras)
        self.at += 1
        denoised = _denoised_of(self.scheduler, after) if sigma is None else latents - sigma * prediction
        return after.prev_sample, denoised


def start_index(strength: float | None, steps: int, request: int, *, is_flow: bool = False) -> int:
    """Return the index of the first timestep that a variation of this strength paints; 0 paints them all.

    request: model calls a step of the scheduler. At least one step is always painted.
    is_flow: whether a step that the strength paints in part is painted; else it is skipped.
    Source: `get_timesteps` of `StableDiffusionImg2ImgPipeline` and of `FluxImg2ImgPipeline`, diffusers 0.42.
    """
    if strength is None:
        return 0
    painted = min(steps * strength, steps)
    skipped = int(steps - (painted if is_flow else int(painted)))
    return min(skipped, steps - 1) * request


def _rows_of(value: Any, num: int, places: Sequence[int]) -> Any:
    """Return a scheduler's attribute for some of its pictures: what it remembers of each is a tensor [num, ...]."""
    if isinstance(value, list):
        return [_rows_of(item, num, places) for item in value]
    if isinstance(value, Tensor) and value.dim() >= 3 and value.shape[0] == num:
        return value[list(places)]
    return value


def _denoised_of(scheduler: Any, after: Any) -> Tensor:
    outputs = getattr(scheduler, "model_outputs", None) or (None,)
    found = (getattr(after, "pred_original_sample", None), getattr(after, "denoised", None), outputs[-1])
    denoised: Tensor = next((one for one in found if one is not None), after.prev_sample)
    return denoised
