"""Vary: pictures from a prompt that start from a noised source picture."""

from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from engine.contract.errors import PictureCorrupt
from engine.contract.painting import PaintRequest
from engine.painter.operations.operation import PainterOperation, draw_noise
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.params import SamplingParams
from engine.painter.sampling.trajectory import Trajectory


def first_latents(
    request: PaintRequest, params: SamplingParams, model: LoadedModel, trajectory: Trajectory
) -> list[Tensor]:
    """Return the encoded source for each picture, noised to the trajectory's first timestep.

    Raises: PictureCorrupt.
    Source: Meng et al. 2022 (SDEdit), algorithm 1; `StableDiffusionImg2ImgPipeline`, diffusers 0.42.
    """
    assert request.source is not None
    source = pixels_from_image(request.source, params.width, params.height)
    latents = []
    for generator in trajectory.generators:
        # The encoder draws from the picture's generator before the noise does, as in the stock pipeline.
        encoded = model.encode(source, generator)
        latents.append(trajectory.add_noise(encoded, draw_noise(params, model, generator)))
    return latents


def pixels_from_image(encoded: bytes, width: int, height: int) -> Tensor:
    """Return an encoded image as float32 [1, 3, height, width] in -1 to 1 on the CPU, resized to fit.

    Raises: PictureCorrupt when it is no image, or an incomplete one.
    Source: `VaeImageProcessor.preprocess`, diffusers 0.42.
    """
    try:
        with Image.open(io.BytesIO(encoded)) as image:
            fitted = image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
    except (OSError, Image.DecompressionBombError) as error:
        raise PictureCorrupt(cause=str(error)) from error
    pixels = torch.from_numpy(np.asarray(fitted, dtype=np.float32) / 255.0)
    return pixels.movedim(-1, 0)[None] * 2 - 1


VARY = PainterOperation(needs_source=True, first_latents=first_latents)
