"""Imagine: pictures from a prompt alone."""

from __future__ import annotations

from torch import Tensor

from engine.contract.painting import PaintRequest
from engine.painter.operations.operation import PainterOperation, draw_noise
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.params import SamplingParams
from engine.painter.sampling.trajectory import Trajectory


def first_latents(
    request: PaintRequest, params: SamplingParams, model: LoadedModel, trajectory: Trajectory
) -> list[Tensor]:
    """Return noise of the sampler's first standard deviation for each picture: x = sigma_max * n, n ~ N(0, I).

    Source: Karras et al. 2022, algorithm 1, line 2; `prepare_latents` of the diffusers pipelines, diffusers 0.42.
    """
    sigma = getattr(trajectory.scheduler, "init_noise_sigma", 1.0)
    return [draw_noise(params, model, generator) * sigma for generator in trajectory.generators]


IMAGINE = PainterOperation(needs_source=False, first_latents=first_latents)
