"""Inpaint: a part of a picture is painted anew and the rest kept; for zoom and pan, what lies around the picture."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import Tensor
from torch.nn.functional import adaptive_max_pool2d, avg_pool2d, max_pool2d, pad

from engine.contract.edits import Box, Canvas
from engine.contract.errors import PictureCorrupt
from engine.contract.painting import PaintRequest
from engine.painter.operations.operation import PainterOperation, Start, draw_noise
from engine.painter.operations.source import open_source, unit_pixels
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.kept import Kept
from engine.painter.sampling.params import SamplingParams
from engine.painter.sampling.trajectory import Trajectory
from engine.prompt.checks.windows import painted_boxes

# Of the shorter side: over so many pixels, what was painted fades into what is kept.
_FADE = 1 / 32
# The mask from which on a pixel is painted anew.
_PAINTED = 0.5


def start(request: PaintRequest, params: SamplingParams, model: LoadedModel, trajectory: Trajectory) -> list[Start]:
    """Return the noised source for each picture, pure noise at strength 1, with what is kept of the source.

    Raises: PictureCorrupt.
    Source: `prepare_latents` of `StableDiffusionInpaintPipeline`, diffusers 0.42, for one picture: its batches encode
    the source with the first picture's generator for all of them.
    """
    assert request.source is not None
    assert params.canvas is not None and params.window is not None
    canvas, window = params.canvas, params.window
    placed, mask = place(open_source(request.source), canvas), painted_pixels(canvas, request.mask)
    source, alpha = unit_pixels(placed.crop(_corners(window))), fading(canvas, mask)
    part = mask[..., window.top : window.top + window.height, window.left : window.left + window.width]
    starts = []
    for generator in trajectory.generators:
        if model.takes_masks and params.strength == 1:
            # The stock pipeline does not encode the source, and draws nothing for it.
            latents = noise = draw_noise(params, model, generator)
        else:
            latents = model.encode(source, generator)
            noise = draw_noise(params, model, generator)
        # The stock pipeline encodes what remains of the source for every model, and draws for it.
        remains = source * (part < _PAINTED)
        other = model.encode(remains, generator) if model.takes_masks else draw_noise(params, model, generator)
        mask_of_latents = latent_mask(part, latents)
        inputs = torch.cat([mask_of_latents, other], dim=1) if model.takes_masks else None
        kept = Kept(
            latents=latents,
            noise=noise,
            # A model that is given what is kept needs no blending with it on the way.
            mask=torch.ones_like(mask_of_latents) if model.takes_masks else mask_of_latents,
            pixels=torch.from_numpy(np.array(placed)),
            alpha=alpha,
            window=window,
        )
        noised = noise * trajectory.first_sigma if params.strength == 1 else trajectory.add_noise(latents, noise)
        starts.append(Start(latents=noised, kept=kept, inputs=inputs))
    return starts


def place(source: Image.Image, canvas: Canvas) -> Image.Image:
    """Return the canvas with the source in its box; around it, the source's edges go on to the canvas's."""
    box = canvas.box
    scaled = source.resize((box.width, box.height), Image.Resampling.LANCZOS)
    right, bottom = canvas.width - box.left - box.width, canvas.height - box.top - box.height
    padding = ((box.top, bottom), (box.left, right), (0, 0))
    return Image.fromarray(np.pad(np.asarray(scaled), padding, mode="edge"))


def painted_pixels(canvas: Canvas, mask_file: bytes | None = None) -> Tensor:
    """Return which pixels are painted anew: float32 [1, 1, height, width], 1 for these and 0 for the others.

    mask_file: of the canvas's mask, where it has one.

    Raises: PictureCorrupt when it is no image of the canvas's size.
    """
    if mask_file is not None:
        return _pixels_of_mask(mask_file, canvas)
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
    if canvas.mask:
        return fading_within(mask, round(radius))
    image = Image.fromarray((mask[0, 0] * 255).byte().numpy())
    # Edges of the canvas are no edges of the mask: the blur goes on with the outermost pixels.
    blurred = np.asarray(image.filter(ImageFilter.BoxBlur(radius)), dtype=np.float32) / 255
    share = blurred * 2 - 1 if canvas.cells else blurred * 2
    return torch.from_numpy(share.clip(0, 1))[..., None]


def fading_within(mask: Tensor, radius: int) -> Tensor:
    """Return the share of what was painted in each pixel, float32 [height, width, 1]: 0 in all pixels outside the mask.

    mask: float32 [1, 1, height, width]. radius: in pixels, over how many it fades, at least 1.
    With b the mean of the mask over a square of 2 radius + 1 and M the largest b in one, it is 2 b / M - 1 in 0 to 1.
    Where the mask is wide M is 1; where it is thinner than the radius b is M all over, so that thin strokes stay whole.
    """
    side = 2 * radius + 1
    padded = pad(mask, (radius,) * 4, mode="replicate")
    mean = avg_pool2d(avg_pool2d(padded, (side, 1), stride=1), (1, side), stride=1)
    largest = max_pool2d(mean, (side, 1), stride=1, padding=(radius, 0))
    largest = max_pool2d(largest, (1, side), stride=1, padding=(0, radius))
    share = (2 * mean / largest.clamp(min=torch.finfo(mean.dtype).tiny) - 1).clip(0, 1) * mask
    return share[0, 0, :, :, None]


def _pixels_of_mask(encoded: bytes, canvas: Canvas) -> Tensor:
    image = open_source(encoded)
    if image.size != (canvas.width, canvas.height):
        raise PictureCorrupt(cause="the mask has another size than its canvas")
    return torch.from_numpy(np.asarray(image.convert("L")) > 127).float()[None, None]


def _corners(box: Box) -> tuple[int, int, int, int]:
    return box.left, box.top, box.left + box.width, box.top + box.height


INPAINT = PainterOperation(needs_source=True, keeps_part=True, start=start)
