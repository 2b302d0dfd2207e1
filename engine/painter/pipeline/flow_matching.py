"""What flow transformers share: noise schedules that depend on the picture's size, and latents in patches."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from diffusers.pipelines.flux.pipeline_flux import calculate_shift
from torch import Tensor


def shift_for(scheduler: Any, num_patches: int) -> dict[str, float]:
    """Return `mu` for `set_timesteps`, the shift of the noise schedule; nothing for a schedule with a fixed shift.

    mu is linear in the number of patches: base_shift at base_image_seq_len, max_shift at max_image_seq_len. The
    scheduler then maps sigma to e^mu / (e^mu + 1 / sigma - 1), or to mu / (mu + 1 / sigma - 1) for a linear shift.

    Source: `calculate_shift` of `FluxPipeline` and `FlowMatchEulerDiscreteScheduler.time_shift`, diffusers 0.42.
    """
    config = scheduler.config
    takes_shift = "mu" in inspect.signature(scheduler.set_timesteps).parameters
    if not (config.get("use_dynamic_shifting") and takes_shift):
        return {}
    bounds = (("base_image_seq_len", 256), ("max_image_seq_len", 4096), ("base_shift", 0.5), ("max_shift", 1.15))
    return {"mu": calculate_shift(num_patches, *(config.get(name, default) for name, default in bounds))}


def set_even_timesteps(scheduler: Any, steps: int, num_patches: int, *, shift: float | None = None) -> None:
    """Set timesteps whose sigmas, before the shift, are evenly spaced from 1 to 1 / steps.

    num_patches: of one picture, for the shift.
    shift: `mu` of families that have a rule of their own for schedules that shift by size; None for `shift_for`.
    A scheduler with `use_flow_sigmas` spaces them itself. Source: `FluxPipeline`, diffusers 0.42.
    """
    by_size = shift_for(scheduler, num_patches)
    if by_size and shift is not None:
        by_size = {"mu": shift}
    if steps == 1 and scheduler.config.get("shift_terminal"):
        # diffusers 0.42 would divide by zero to stretch a single sigma of 1 to `shift_terminal`.
        scheduler.register_to_config(shift_terminal=None)
    if scheduler.config.get("use_flow_sigmas"):
        scheduler.set_timesteps(steps, **by_size)
    else:
        scheduler.set_timesteps(sigmas=np.linspace(1.0, 1 / steps, steps), **by_size)


def patched(latents: Tensor) -> Tensor:
    """Return latents [batch, channels, height, width] as patches [batch, height / 2 * width / 2, 4 * channels].

    Source: `FluxPipeline._pack_latents`, diffusers 0.42.
    """
    batch, channels, height, width = latents.shape
    cells = latents.view(batch, channels, height // 2, 2, width // 2, 2)
    return cells.permute(0, 2, 4, 1, 3, 5).reshape(batch, (height // 2) * (width // 2), 4 * channels)


def unpatched(patches: Tensor, height: int, width: int) -> Tensor:
    """Return patches [batch, height / 2 * width / 2, 4 * channels] as latents [batch, channels, height, width].

    The inverse of `patched`.
    """
    batch, _, features = patches.shape
    cells = patches.view(batch, height // 2, width // 2, features // 4, 2, 2)
    return cells.permute(0, 3, 1, 4, 2, 5).reshape(batch, features // 4, height, width)
