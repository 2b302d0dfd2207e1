"""What an operation is to the painter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.contract.painting import PaintRequest
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.params import SamplingParams
from engine.painter.sampling.trajectory import Trajectory

FirstLatents = Callable[[PaintRequest, SamplingParams, LoadedModel, Trajectory], list[Tensor]]


@dataclass(frozen=True, kw_only=True)
class PainterOperation:
    """One operation.

    needs_source: whether it starts from a picture; its requests then have a source and a strength, others neither.
    first_latents: returns the latents that each picture of a request starts from, by slot, float
        [1, channels, height, width] in latent units at the noise level of the trajectory's first timestep.
    """

    needs_source: bool
    first_latents: FirstLatents


def draw_noise(params: SamplingParams, model: LoadedModel, generator: torch.Generator) -> Tensor:
    """Return standard normal noise, float [1, channels, height, width] in the model's dtype, on its device.

    It is drawn on the CPU, so that a picture is the same on every device.
    """
    shape = (1, *model.latent_shape(params.width, params.height))
    return torch.randn(shape, generator=generator, dtype=model.dtype).to(model.device)
