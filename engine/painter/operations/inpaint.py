"""Inpaint: a part of a picture is painted anew and the rest kept; for zoom and pan, what lies around the picture."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import Tensor
from torch.nn.functional import adaptive_max_pool2d

from engine.contract.edits import Box, Canvas
from engine.contract.painting import PaintRequest
from engine.painter.operations.operation import PainterOperation, Start, draw_noise
from engine.painter.operations.source import open_source, unit_pixels
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.kept import Kept
from engine.painter.sampling.params import SamplingParams
from engine.painter.sampling.trajectory import Trajectory
from engine.painter.sampling.window import painted_boxes

# Of the shorter side: over so many pixels, what was painted fades into what is kept.
_FADE = 1 / 32


def start(request: PaintRequest, params: SamplingParams, model: LoadedModel, trajectory: Trajectory) -> list[Start]:
    """Return the noised source for each picture, pure noise at strength 1, with what is kept of the source.

    Raises: PictureCorrupt.
    Source: `prepare_latents` of `StableDiffusionInpaintPipeline`, diffusers 0.42, for one picture: its batches encode
    the source with the first picture's generator for all of them.
    """
    assert request.source is not None
    assert params.canvas is not None and params.window is not None
    canvas, window = params.canvas, params.window
    placed, mask = place(open_source(request.source), canvas), painted_pixels(canvas)
    source, alpha = unit_pixels(placed.crop(_corners(window))), fading(canvas, mask)
    part = mask[..., window.top : window.top + window.height, window.left : window.left + window.width]
    starts = []
    for generator in trajectory.generators:
        latents = model.encode(source, generator)
        noise = draw_noise(params, model, generator)
        # The stock pipeline encodes the source without the painted part as well, for models that take it as an input.
        draw_noise(params, model, generator)
        kept = Kept(
            latents=latents,
            noise=noise,
            mask=latent_mask(part, latents),
            pixels=torch.from_numpy(np.array(placed)),
            alpha=alpha,
            window=window,
        )
        noised = noise * trajectory.first_sigma if params.strength == 1 else trajectory.add_noise(latents, noise)
        starts.append(Start(latents=noised, kept=kept))
    return starts


def place(source: Image.Image, canvas: Canvas) -> Image.Image:
    """Return the canvas with the source in its box; around it, the source's edges go on to the canvas's."""
    box = canvas.box
    scaled = source.resize((box.width, box.height), Image.Resampling.LANCZOS)
    right, bottom = canvas.width - box.left - box.width, canvas.height - box.top - box.height
    padding = ((box.top, bottom), (box.left, right), (0, 0))
    return Image.fromarray(np.pad(np.asarray(scaled), padding, mode="edge"))


def painted_pixels(canvas: Canvas) -> Tensor:
    """Return which pixels are painted anew: float32 [1, 1, height, width], 1 for these and 0 for the others."""
    mask = torch.zeros(1, 1, canvas.height, canvas.width)
    for box in painted_boxes(canvas):
        mask[..., box.top : box.top + box.height, box.left : box.left + box.width] = 1
    return mask


def latent_mask(mask: Tensor, latents: Tensor) -> Tensor:
    """Return the mask of the latents: 1 for each position with a painted pixel, so that thin masks do not vanish."""
    return adaptive_max_pool2d(mask, latents.shape[-2:]).to(latents)


def fading(canvas: Canvas, mask: Tensor) -> Tensor:
    """Return the share of what was painted in each pixel, float32 [height, width, 1] in 0 to 1.

    It fades within the cells that are painted anew, so that all others stay as they are; around a box there is nothing
    to fade into, so that it fades within the box.
    """
    radius = max(1.0, min(canvas.width, canvas.height) * _FADE)
    image = Image.fromarray((mask[0, 0] * 255).byte().numpy())
    # Edges of the canvas are no edges of the mask: the blur goes on with the outermost pixels.
    blurred = np.asarray(image.filter(ImageFilter.BoxBlur(radius)), dtype=np.float32) / 255
    share = blurred * 2 - 1 if canvas.cells else blurred * 2
    return torch.from_numpy(share.clip(0, 1))[..., None]


def _corners(box: Box) -> tuple[int, int, int, int]:
    return box.left, box.top, box.left + box.width, box.top + box.height


INPAINT = PainterOperation(needs_source=True, keeps_part=True, start=start)
