"""Imagine: pictures from a prompt, which may have pictures in it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from engine.contract.painting import PaintRequest
from engine.painter.operations.operation import PainterOperation, Start, draw_noise
from engine.painter.operations.source import cropped_pixels
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.between import Between
from engine.painter.sampling.interpolation import slerp
from engine.painter.sampling.params import SamplingParams
from engine.painter.sampling.trajectory import Trajectory


def start(request: PaintRequest, params: SamplingParams, model: LoadedModel, trajectory: Trajectory) -> list[Start]:
    """Return noise of the sampler's first standard deviation for each picture: x = sigma_max * n, n ~ N(0, I).

    With pictures in the prompt, it is what they have in common, noised to the trajectory's first timestep. Between two
    results, n lies on the arc between the noises of both.

    Raises: PictureCorrupt.
    Source: Karras et al. 2022, algorithm 1, line 2; `prepare_latents` of the diffusers pipelines, diffusers 0.42. With
    pictures, Meng et al. 2022 (SDEdit), algorithm 1; `StableDiffusionImg2ImgPipeline`, diffusers 0.42.
    """
    if params.starts_from_images:
        return _start_from_images(request, params, model, trajectory)
    noises = [draw_noise(params, model, generator) for generator in trajectory.generators]
    if params.between is not None:
        noises = _noises_between(noises, params.between, params, model, trajectory)
    return [Start(latents=noise * trajectory.first_sigma) for noise in noises]


def _noises_between(
    noises: Sequence[Tensor], between: Between, params: SamplingParams, model: LoadedModel, trajectory: Trajectory
) -> list[Tensor]:
    """Return the noises on the way to those of the second result.

    Where pictures are nearer to it, its generators draw what the sampler adds on the way, so that both ends are exact.
    """
    mixed = []
    for slot, noise in enumerate(noises):
        generator = torch.Generator().manual_seed(between.seeds[slot])
        mixed.append(slerp(noise, draw_noise(params, model, generator), between.share))
        if between.is_nearer_second:
            trajectory.generators[slot] = generator
    return mixed


def _start_from_images(
    request: PaintRequest, params: SamplingParams, model: LoadedModel, trajectory: Trajectory
) -> list[Start]:
    weights = [image.weight for image in request.spec.images]
    pictures = [cropped_pixels(image, params.width, params.height) for image in request.images[: len(weights)]]
    starts = []
    for slot, generator in enumerate(trajectory.generators):
        # The encoder draws from the picture's generator before the noise does, as in the stock pipeline.
        latents = [model.encode(picture, generator) for picture in pictures]
        if params.is_interpolated and len(latents) == 2:
            mixed = slerp(latents[0], latents[1], slot / max(1, len(trajectory.generators) - 1))
        else:
            mixed = mix(latents, weights)
        starts.append(Start(latents=trajectory.add_noise(mixed, draw_noise(params, model, generator))))
    return starts


def mix(latents: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """Return the sum of w_i x_i over the root of the sum of w_i^2: what several pictures have in common.

    Latents are of about unit variance, and so is this mean of independent ones; the plain mean has less, and the model
    paints mud from it. Looked at: 2026-11-29, the starter, pairs of pictures at strengths of 0.4, 0.6 and 0.75.

    latents: float [1, channels, height, width] each, clean. weights: one for each, greater than 0.
    """
    if len(latents) == 1:
        return latents[0]
    scale = math.sqrt(sum(weight**2 for weight in weights))
    return torch.stack([one * (weight / scale) for one, weight in zip(latents, weights, strict=True)]).sum(dim=0)


IMAGINE = PainterOperation(needs_source=False, takes_images=True, start=start)
