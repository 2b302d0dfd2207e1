"""What an operation is to the painter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.contract.painting import PaintRequest
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.guidance import PromptEmbeds
from engine.painter.sampling.kept import Kept
from engine.painter.sampling.mosaic import Mosaic
from engine.painter.sampling.params import SamplingParams
from engine.painter.sampling.trajectory import Trajectory


@dataclass(frozen=True, kw_only=True, eq=False)
class Start:
    """What one picture starts from, or one tile of a picture that its model does not paint at once.

    latents: float [1, channels, height, width] in latent units at the noise level of the trajectory's first timestep.
    kept: the part of the source that stays as it is; None where all is painted anew.
    mosaic: the picture that it is a tile of; None for a whole picture.
    inputs: what a model that takes masks is given besides the latents, float [1, 1 + channels, height, width]: the mask
        and the latents of what is kept; None where all is painted anew.
    still: what a model that reads a picture in place of texts makes of it; None for any other model.
    """

    latents: Tensor
    kept: Kept | None = None
    mosaic: Mosaic | None = None
    inputs: Tensor | None = None
    still: PromptEmbeds | None = None


StartPictures = Callable[[PaintRequest, SamplingParams, LoadedModel, Trajectory], list[Start]]


@dataclass(frozen=True, kw_only=True)
class PainterOperation:
    """One operation.

    needs_source: whether it starts from a picture; its requests then have a source and an edit, others neither.
    may_lack_source: whether one that starts from a picture does without.
    takes_images: whether it paints from the pictures in the prompt; others do without them.
    keeps_part: whether a part of the source is kept, so that its edits say which.
    has_size: whether its edits say how large the picture becomes.
    start: returns what each picture of a request starts from, by slot, or each tile of its one picture; None
        where the result is text.
    """

    needs_source: bool
    keeps_part: bool = False
    has_size: bool = False
    takes_images: bool = False
    may_lack_source: bool = False
    start: StartPictures | None


def draw_noise(params: SamplingParams, model: LoadedModel, generator: torch.Generator) -> Tensor:
    """Return standard normal noise, float [1, channels, height, width] in the model's dtype, on its device.

    It is drawn on the CPU, so that a picture is the same on every device.
    """
    shape = (1, *model.latent_shape(params.width, params.height))
    return torch.randn(shape, generator=generator, dtype=model.dtype).to(model.device)


def inputs_without_mask(params: SamplingParams, model: LoadedModel) -> Tensor | None:
    """Return the inputs besides the latents of a picture that is painted anew everywhere; None where there are none.

    Source: `prepare_mask_latents` of `StableDiffusionInpaintPipeline`, diffusers 0.42, for a mask of the whole picture.
    """
    if not model.takes_masks:
        return None
    nothing = torch.zeros(1, 3, params.height, params.width)
    latents = model.encode(nothing, torch.Generator().manual_seed(0))
    return torch.cat([torch.ones_like(latents[:, :1]), latents], dim=1)
