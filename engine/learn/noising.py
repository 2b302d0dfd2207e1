"""What a denoiser is trained on: noisy latents, and what it should predict for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import DDPMScheduler, FlowMatchEulerDiscreteScheduler
from torch import Tensor

from engine.painter.pipeline.protocol import LoadedModel

TIMESTEPS = 1000


@dataclass(frozen=True, kw_only=True, eq=False)
class Noised:
    """Noisy latents and their target, both float [batch, channels, height, width]; timesteps float32 [batch]."""

    latents: Tensor
    timesteps: Tensor
    target: Tensor


Noising = Callable[[Tensor, Tensor, Tensor], Noised]
"""Takes clean latents and noise, float [batch, channels, height, width], and positions in the schedule, int64 [batch]
from 0 to TIMESTEPS - 1, in which higher is noisier."""


def noising_for(model: LoadedModel, width: int, height: int) -> Noising:
    """Return how latents of pictures of this size in pixels become training examples of the model."""
    return _flow(model, width, height) if model.is_flow else _diffusion(model.scheduler_config)


def _diffusion(config: Any) -> Noising:
    """x_t = alpha_t x_0 + sigma_t noise; the target is the noise, or v = alpha_t noise - sigma_t x_0, or x_0.

    Source: Ho et al. 2020, equation 4; Salimans and Ho 2022, section 4.
    """
    scheduler = DDPMScheduler.from_config(config)
    targets: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
        "epsilon": lambda clean, noise, timesteps: noise,
        "v_prediction": scheduler.get_velocity,
        "sample": lambda clean, noise, timesteps: clean,
    }
    target_of = targets[scheduler.config.prediction_type]

    def noised(clean: Tensor, noise: Tensor, positions: Tensor) -> Noised:
        positions = positions.to(clean.device)
        return Noised(
            latents=scheduler.add_noise(clean, noise, positions),
            timesteps=positions.float(),
            target=target_of(clean, noise, positions),
        )

    return noised


def _flow(model: LoadedModel, width: int, height: int) -> Noising:
    """x_t = (1 - sigma) x_0 + sigma noise; the target is the velocity noise - x_0. Sigmas are shifted as in painting.

    Source: Lipman et al. 2022 (flow matching), equation 23, with time reversed; Esser et al. 2024 (SD3), section 3.1.
    """
    scheduler = FlowMatchEulerDiscreteScheduler.from_config(model.scheduler_config)
    model.timesteps(scheduler, TIMESTEPS, width, height)
    sigmas, timesteps = (values[:TIMESTEPS].flip(0).float() for values in (scheduler.sigmas, scheduler.timesteps))

    def noised(clean: Tensor, noise: Tensor, positions: Tensor) -> Noised:
        sigma = sigmas[positions].to(clean.device, clean.dtype)[:, None, None, None]
        return Noised(
            latents=torch.lerp(clean, noise, sigma),
            timesteps=timesteps[positions].to(clean.device),
            target=noise - clean,
        )

    return noised
