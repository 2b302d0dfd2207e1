"""Animate: the frames of a film, from noise, from a picture or from the pictures in the prompt."""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor

from engine.contract.errors import SourceMismatch
from engine.contract.painting import PaintRequest
from engine.painter.operations.imagine import mix
from engine.painter.operations.operation import PainterOperation, Start
from engine.painter.operations.source import cropped, cropped_pixels, open_source, pixels_from_image
from engine.painter.pipeline.protocol import LoadedModel
from engine.painter.sampling.films import FilmParams, folded
from engine.painter.sampling.params import SamplingParams
from engine.painter.sampling.trajectory import Trajectory


def start(request: PaintRequest, params: SamplingParams, model: LoadedModel, trajectory: Trajectory) -> list[Start]:
    """Return what the one film starts from: noise of the sampler's first standard deviation, or a still picture.

    A picture is every frame, noised to the trajectory's first timestep; each frame has noise of its own, which becomes
    the motion.

    A model that reads the picture in place of texts starts from noise all the same.

    Raises: PictureCorrupt, SourceMismatch for such a model without one picture.
    Source: `AnimateDiffPipeline`, `AnimateDiffVideoToVideoPipeline` and `StableVideoDiffusionPipeline`, diffusers 0.42,
    which draw in the same order.
    """
    film = params.film
    assert film is not None
    (generator,) = trajectory.generators
    channels, height, width = model.latent_shape(params.width, params.height)
    if model.reads_stills:
        read = model.read_still(_still(request, params), generator)
        drawn = torch.randn((film.frames, channels, height, width), generator=generator, dtype=model.dtype)
        return [Start(latents=_as_film(drawn.to(model.device)) * trajectory.first_sigma, still=read)]
    pictures = _pictures(request, params)
    if not pictures:
        noise = _noise((1, channels, film.frames, height, width), film, model, generator)
        return [Start(latents=folded(noise) * trajectory.first_sigma)]
    weights = [image.weight for image in request.spec.images] if params.starts_from_images else [1.0]
    # The encoder draws for every frame before the noise does, as in the stock pipeline.
    still = [mix([model.encode(one, generator) for one in pictures], weights) for _ in range(film.frames)]
    drawn = torch.randn((film.frames, channels, height, width), generator=generator, dtype=model.dtype)
    clean, noise = (_as_film(frames) for frames in (torch.cat(still), drawn.to(model.device)))
    return [Start(latents=trajectory.add_noise(clean, noise))]


def _still(request: PaintRequest, params: SamplingParams) -> Image.Image:
    """Return the one picture that a film goes on from, in its size."""
    if request.source is not None:
        return open_source(request.source).resize((params.width, params.height), Image.Resampling.LANCZOS)
    if len(request.images) != 1:
        raise SourceMismatch(operation=request.operation.value, needs_source=True)
    return cropped(request.images[0], params.width, params.height)


def _pictures(request: PaintRequest, params: SamplingParams) -> list[Tensor]:
    """Return what the film starts from, each float32 [1, 3, height, width] in -1 to 1; nothing for noise."""
    if request.source is not None:
        return [pixels_from_image(request.source, params.width, params.height)]
    images = request.images[: len(request.spec.images)] if params.starts_from_images else ()
    return [cropped_pixels(image, params.width, params.height) for image in images]


def _noise(
    shape: tuple[int, int, int, int, int], film: FilmParams, model: LoadedModel, generator: torch.Generator
) -> Tensor:
    """Return standard normal noise, float [1, channels, frames, height, width] in the model's dtype, on its device.

    Where little is to move, the frames share half of its variance: n_i = (s + e_i) / sqrt(2), s of all, e_i of each.
    Source: Ge et al. 2023 (Preserve Your Own Correlation), section 4.1, mixed noise with alpha = 1.
    """
    own = torch.randn(shape, generator=generator, dtype=model.dtype)
    if film.is_calm:
        shared = torch.randn(own[:, :, :1].shape, generator=generator, dtype=model.dtype)
        own = (own + shared) / 2**0.5
    return own.to(model.device)


def _as_film(frames: Tensor) -> Tensor:
    """Return frames [frames, channels, height, width] as one folded film."""
    return folded(frames.transpose(0, 1)[None])


ANIMATE = PainterOperation(needs_source=True, may_lack_source=True, takes_images=True, start=start)
