"""Imagine: pictures from a prompt alone."""

from __future__ import annotations

from engine.contract.painting import PaintRequest
from engine.painter.operations.operation import PainterOperation, Start, draw_noise
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.params import SamplingParams
from engine.painter.sampling.trajectory import Trajectory


def start(request: PaintRequest, params: SamplingParams, model: LoadedModel, trajectory: Trajectory) -> list[Start]:
    """Return noise of the sampler's first standard deviation for each picture: x = sigma_max * n, n ~ N(0, I).

    Source: Karras et al. 2022, algorithm 1, line 2; `prepare_latents` of the diffusers pipelines, diffusers 0.42.
    """
    noises = [draw_noise(params, model, generator) for generator in trajectory.generators]
    return [Start(latents=noise * trajectory.first_sigma) for noise in noises]


IMAGINE = PainterOperation(needs_source=False, start=start)
