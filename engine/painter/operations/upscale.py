"""Upscale: a picture that has been enlarged gets new detail from its prompt, tile by tile."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.contract.edits import Box
from engine.contract.painting import PaintRequest
from engine.painter.operations.operation import PainterOperation, Start
from engine.painter.operations.source import pixels_from_image
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.mosaic import Mosaic
from engine.painter.sampling.overlap import blend, cut, scaled
from engine.painter.sampling.params import SamplingParams
from engine.painter.sampling.trajectory import Trajectory
from engine.prompt.checks.upscales import tile_boxes


def start(request: PaintRequest, params: SamplingParams, model: LoadedModel, trajectory: Trajectory) -> list[Start]:
    """Return the tiles of the enlarged picture, noised together to the trajectory's first timestep.

    The request's source is enlarged already.

    Raises: PictureCorrupt.
    Source: Meng et al. 2022 (SDEdit), algorithm 1, of the whole picture; Bar-Tal et al. 2023 (MultiDiffusion).
    """
    assert request.source is not None
    width, height = params.size
    (generator,) = trajectory.generators
    source = pixels_from_image(request.source, width, height)
    shape = model.latent_shape(width, height)
    _, down, across = model.latent_shape(params.width, params.height)
    boxes = tile_boxes(shape[2], shape[1], (across, down))
    encoded = _encode(source, boxes, model, generator)
    noise = torch.randn((1, *shape), generator=generator, dtype=model.dtype).to(model.device)
    mosaic = Mosaic(trajectory.add_noise(encoded, noise), boxes)
    return [Start(latents=mosaic.tile(index), mosaic=mosaic) for index in range(len(boxes))]


def _encode(source: Tensor, boxes: tuple[Box, ...], model: LoadedModel, generator: torch.Generator) -> Tensor:
    """Return the latents of the whole picture, encoded in tiles, because an encoder attends to all that it is given."""
    factor = source.shape[-1] // max(box.left + box.width for box in boxes)
    tiles = ((box, model.encode(cut(source, scaled(box, factor)), generator)) for box in boxes)
    return blend(tiles, source.shape[-1] // factor, source.shape[-2] // factor)


UPSCALE = PainterOperation(needs_source=True, has_size=True, start=start)
