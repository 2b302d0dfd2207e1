"""How pictures move from noise to clean latents: a diffusers scheduler, shared by the pictures that move in step.

Nothing here knows models or batches. Model calls are functions of scaled latents and a timestep; the scheduler does the
rest.
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

from engine.contract.samplers import SAMPLERS, ScheduleKind
from engine.models.files.saved_scheduler import SavedScheduler

# What a model was trained with, and no sampler may have an opinion of its own about.
_TRAINED = frozenset(
    {
        "beta_end",
        "beta_schedule",
        "beta_start",
        "num_train_timesteps",
        "prediction_type",
        "rescale_betas_zero_snr",
        # 0 by default for all classes; the pipelines of SD 1 and 2 set it to 1 where files leave it out.
        "steps_offset",
        "trained_betas",
    }
)
_LEFT_OUT = "_use_default_values"


def scheduler_for(
    sampler: str, config: Mapping[str, Any], given: Mapping[str, Any] = MappingProxyType({}), *, is_flow: bool = False
) -> Any:
    """Return a new scheduler of the sampler, set up from the model's scheduler configuration.

    config: with the class that it was loaded as under `_class_name`; without it, one for a table of betas.
    given: settings the operator has changed, `SchedulerSettings.overrides`.
    is_flow: whether the model predicts the velocity of a rectified flow.

    What the model's files leave out is the sampler's default in diffusers, with two exceptions: what the model was
    trained with has the default of the class in the files, and latents are not clipped to -1 to 1.

    Raises: ValueError for a sampler without a scheduler for models of this kind.
    """
    saved = SavedScheduler(class_name=str(config.get("_class_name")), settings=config)
    kind = ScheduleKind.FLOW if is_flow else saved.kind or ScheduleKind.DIFFUSION
    choice = SAMPLERS[sampler].scheduler(kind)
    if choice is None:
        raise ValueError(f"{sampler} has no scheduler for {kind} models")
    changes = _shift(config, given) if is_flow else {**_unclipped(config), **given}
    return getattr(diffusers, choice.class_name).from_config(_with_training(config), **choice.settings, **changes)


def _with_training(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration in which defaults that describe the training count as written.

    `from_config` drops every default, and the classes disagree: betas end at 0.02 by default for DDIM, 0.012 for LCM.
    """
    left_out = [name for name in config.get(_LEFT_OUT, ()) if name not in _TRAINED]
    return {**{name: value for name, value in config.items() if name != "_class_name"}, _LEFT_OUT: left_out}


def _unclipped(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the setting that keeps DDIM from clipping, if the files do not say that it should.

    It clips by default, which is meant for pixels. Source: `StableDiffusionPipeline.__init__`, diffusers 0.42.
    """
    is_said = "clip_sample" in config and "clip_sample" not in config.get(_LEFT_OUT, ())
    return {} if is_said else {"clip_sample": False}


def _shift(config: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the shift of the noise schedule, under both names that diffusers 0.42 has for it.

    A shift set by the operator holds at every size, whatever the configuration says about sizes.
    """
    shift = given.get("shift") or config.get("flow_shift") or config.get("shift") or 1.0
    return {"shift": shift, "flow_shift": shift, **({"use_dynamic_shifting": False} if given else {})}


class Trajectory:
    """Pictures that move in step: one scheduler for all of them, a generator for each.

    num_done: model calls done, 0 to len(timesteps). A second-order sampler makes two calls a step.
    """

    def __init__(
        self,
        scheduler: Any,
        generators: Sequence[torch.Generator],
        start: int = 0,
        stop: float = 1.0,
        is_flow: bool = False,
    ) -> None:
        """Take over a scheduler whose timesteps are set.

        start: index of the first timestep.
        stop: share of the timesteps from there that is painted, over 0 to 1.
        """
        self._start, self._is_flow = start, is_flow
        self.scheduler = scheduler
        self.generators = list(generators)
        timesteps: tuple[Tensor, ...] = tuple(scheduler.timesteps[start:])
        self.timesteps = timesteps[: max(1, round(len(timesteps) * stop))]
        self.num_done = 0
        self._takes_generator = "generator" in inspect.signature(scheduler.step).parameters
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(start)

    def split(self, indexes: Sequence[int]) -> Trajectory:
        """Return the trajectory of some of its pictures, which move on their own from now on."""
        num = len(self.generators)
        part = copy.copy(self)
        part.generators = [self.generators[index] for index in indexes]
        part.scheduler = copy.copy(self.scheduler)
        for name, value in vars(self.scheduler).items():
            setattr(part.scheduler, name, _rows_of(value, num, indexes))
        return part

    @property
    def is_over(self) -> bool:
        return self.num_done == len(self.timesteps)

    @property
    def remaining(self) -> int:
        """Model calls still to do."""
        return len(self.timesteps) - self.num_done

    @property
    def share_left(self) -> float:
        """How much of the way from noise is still to go before the next model call, over 0 to 1."""
        done = self._start + self.num_done
        return 1 - done / len(self.scheduler.timesteps)

    def remaining_before(self, share: float) -> int:
        """Return the model calls still to do before this share of all steps from noise, at least one step.

        share: over 0 to 1. A variation that starts later has fewer of them.
        """
        calls_per_step: int = self.scheduler.order
        steps = ceil(len(self.scheduler.timesteps) / calls_per_step)
        end = max(1, round(steps * share)) * calls_per_step - self._start
        return min(max(end - self.num_done, 0), self.remaining)

    @property
    def timestep(self) -> Tensor:
        """The timestep of the next model call, a scalar in the scheduler's units (0 to 1000)."""
        return self.timesteps[self.num_done]

    def scale_model_input(self, latents: Tensor) -> Tensor:
        """Return the latents as the model takes them at this timestep, same shape: c_in(sigma) * x.

        Source: Karras et al. 2022, equation 7; the identity for samplers whose latents have unit variance already.
        """
        if hasattr(self.scheduler, "scale_model_input"):
            scaled: Tensor = self.scheduler.scale_model_input(latents, self.timestep)
            return scaled
        return latents

    def add_noise(self, latents: Tensor, noise: Tensor) -> Tensor:
        """Return clean latents at the noise level of the first timestep: alpha * x + sigma * n.

        latents, noise: float [1, channels, height, width] in latent units.
        Source: Ho et al. 2020, equation 4; for flow models (1 - sigma) * x + sigma * n, Lipman et al. 2023, example 2.
        """
        return self._noised(latents, noise, self.timesteps[0][None])

    def _noised(self, latents: Tensor, noise: Tensor, timestep: Tensor) -> Tensor:
        if hasattr(self.scheduler, "add_noise"):
            noised: Tensor = self.scheduler.add_noise(latents, noise, timestep)
        else:
            noised = self.scheduler.scale_noise(latents, timestep, noise)
        return noised

    @property
    def first_sigma(self) -> Any:
        """The standard deviation of pure noise at the first of all timesteps, a number or a tensor of one."""
        return getattr(self.scheduler, "init_noise_sigma", 1.0)

    def add_noise_of_next(self, latents: Tensor, noise: Tensor) -> Tensor:
        """Return clean latents at the noise level of the timestep that comes next; clean ones after the last.

        Source: the blending of `StableDiffusionInpaintPipeline`, diffusers 0.42.
        """
        return latents if self.is_over else self._noised(latents, noise, self.timestep[None])

    def estimate(self, prediction: Tensor, latents: Tensor) -> tuple[Tensor, float]:
        """Return the estimate of the clean latents that `step` would return, and its slope; nothing moves on.

        It is linear in the prediction p: a + b p, where b, the slope, depends on the timestep alone.
        """
        estimates = []
        for one in (prediction, prediction + 1):
            ahead = self.split(range(len(self.generators)))
            ahead.generators = [_copied(generator) for generator in self.generators]
            estimates.append(ahead.step(one, latents)[1])
        estimate, other = estimates
        return estimate, float((other.float() - estimate.float()).mean())

    def step(self, prediction: Tensor, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Take the sampler's step after one model call.

        prediction, latents: float [pictures, channels, height, width], in the order of the generators.
        Returns: the next latents, and the estimate of the clean latents, both of that shape; for flow models the
            estimate is x - sigma * v.
        """
        extras = {"generator": self.generators} if self._takes_generator else {}
        sigma = self.scheduler.sigmas[self._start + self.num_done] if self._is_flow else None
        after = self.scheduler.step(prediction, self.timestep, latents, **extras)
        self.num_done += 1
        denoised = _denoised_of(self.scheduler, after) if sigma is None else latents - sigma * prediction
        return after.prev_sample, denoised


def _copied(generator: torch.Generator) -> torch.Generator:
    other = torch.Generator(device=generator.device)
    other.set_state(generator.get_state())
    return other


def start_index(strength: float | None, steps: int, calls_per_step: int, *, is_flow: bool = False) -> int:
    """Return the index of the first timestep that a variation of this strength paints; at least one step is painted.

    strength: over 0 to 1; None starts from noise, at index 0.
    calls_per_step: timesteps of the scheduler for each step, its `order`.
    is_flow: whether a step that the strength covers in part is painted; else it is skipped.
    Source: `get_timesteps` of `StableDiffusionImg2ImgPipeline` and of `FluxImg2ImgPipeline`, diffusers 0.42.
    """
    if strength is None:
        return 0
    painted = min(steps * strength, steps)
    skipped = int(steps - (painted if is_flow else int(painted)))
    return min(skipped, steps - 1) * calls_per_step


def _rows_of(value: Any, num: int, indexes: Sequence[int]) -> Any:
    """Return a scheduler's attribute for some of its pictures: its memory of them is tensors [num, ...]."""
    if isinstance(value, list):
        return [_rows_of(item, num, indexes) for item in value]
    if isinstance(value, Tensor) and value.dim() >= 3 and value.shape[0] == num:
        return value[list(indexes)]
    return value


def _denoised_of(scheduler: Any, after: Any) -> Tensor:
    """Return the estimate of the clean latents, which schedulers keep in different places."""
    outputs = getattr(scheduler, "model_outputs", None) or (None,)
    places = (getattr(after, "pred_original_sample", None), getattr(after, "denoised", None), outputs[-1])
    denoised: Tensor = next((one for one in places if one is not None), after.prev_sample)
    return denoised
