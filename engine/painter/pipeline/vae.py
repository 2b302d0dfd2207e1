"""Between pictures and latents: a VAE's two ways, and the cheap linear map that previews are made with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

# Takes the VAE and the shape of the latents of a 64 x 64 picture; returns weights for `preview_from_latents`.
PreviewFit = Callable[[Any, tuple[int, int, int]], Tensor]

_FIT_SIDE = 16
_FIT_PICTURES = 8


def pictures_from_latents(vae: Any, latents: Tensor) -> Tensor:
    """Return the decoded latents as uint8 [batch, height, width, 3] on the CPU.

    They are scaled in the decoder's own numbers, rounding for rounding as the stock pipelines scale them.
    Source: `decode_latents` of the diffusers pipelines and `VaeImageProcessor.postprocess`, diffusers 0.42.

    Raises: FloatingPointError when the decoder gives numbers that are none, as some do in 16 bits.
    """
    decoded = vae.decode(_as_film(vae, _unscaled(vae, latents.to(vae.dtype))), return_dict=False)[0]
    if not torch.isfinite(decoded).all():
        raise FloatingPointError("its decoder's pictures are not numbers")
    return bytes_from_unit(_first_frame(decoded) / 2 + 0.5)


def latents_from_pictures(vae: Any, pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Return latents drawn from the encoder's distribution.

    pictures: float [batch, 3, height, width] in -1 to 1.
    """
    return _scaled(vae, _encoded(vae, pictures, lambda distribution: distribution.sample(generator)))


def bytes_from_unit(pictures: Tensor) -> Tensor:
    """Return pictures in 0 to 1, [batch, 3, height, width], as uint8 [batch, height, width, 3] on the CPU."""
    return pictures.float().clamp(0, 1).mul(255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu()


def fit_preview_weights(vae: Any, latent_shape: tuple[int, int, int]) -> Tensor:
    """Return the linear map from latents to colours that fits this VAE best: float32 [channels + 1, 3].

    latent_shape: channels and sides of the latents of a 64 x 64 picture; the sides give the VAE's scale.
    Fitted by least squares on soft random pictures that the VAE itself encodes, so that no family needs a table.
    """
    scale = 64 // latent_shape[1]
    pictures = _soft_pictures(_FIT_SIDE * scale)
    latents = _scaled(vae, _encoded(vae, pictures.to(vae.device), lambda distribution: distribution.mode())).float()
    colours = torch.nn.functional.avg_pool2d(pictures.to(latents.device), scale)
    return _least_squares(_columns(latents), colours.movedim(1, -1).reshape(-1, 3))


def preview_from_latents(latents: Tensor, weights: Tensor) -> Tensor:
    """Return the latents' colours as uint8 [batch, height / 8, width / 8, 3] on the CPU, one pixel for each place."""
    batch, _, height, width = latents.shape
    colours = (_columns(latents.float()) @ weights.to(latents.device)).view(batch, height, width, 3).movedim(-1, 1)
    return bytes_from_unit(colours / 2 + 0.5)


def _columns(latents: Tensor) -> Tensor:
    """Return one row for each place of the latents: its channels and a 1."""
    places = latents.movedim(1, -1).reshape(-1, latents.shape[1])
    return torch.cat([places, torch.ones_like(places[:, :1])], dim=1)


def _least_squares(given: Tensor, wanted: Tensor) -> Tensor:
    square = given.T @ given + 1e-4 * given.shape[0] * torch.eye(given.shape[1], device=given.device)
    solved: Tensor = torch.linalg.solve(square, given.T @ wanted)
    return solved


def _soft_pictures(side: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(_FIT_PICTURES, 3, 4, 4, generator=generator) * 2 - 1
    return torch.nn.functional.interpolate(coarse, size=(side, side), mode="bilinear")


def _encoded(vae: Any, pictures: Tensor, pick: Callable[[Any], Tensor]) -> Tensor:
    """Return the encoder's latents; `pick` takes them out of its distribution, where it gives one."""
    encoded = vae.encode(_as_film(vae, pictures.to(vae.dtype)))
    return _first_frame(pick(encoded.latent_dist) if hasattr(encoded, "latent_dist") else encoded.latent)


def _as_film(vae: Any, pictures: Tensor) -> Tensor:
    """Return pictures or latents as films of one frame where the VAE is made for films."""
    is_for_films = getattr(vae.config, "temperal_downsample", None) is not None
    return pictures[:, :, None] if is_for_films else pictures


def _first_frame(pictures: Tensor) -> Tensor:
    return pictures[:, :, 0] if pictures.dim() == 5 else pictures


def _unscaled(vae: Any, latents: Tensor) -> Tensor:
    mean, deviation = _statistics(vae, latents)
    return latents / (_scale(vae) / deviation) + mean


def _scaled(vae: Any, latents: Tensor) -> Tensor:
    mean, deviation = _statistics(vae, latents)
    return (latents - mean) * _scale(vae) / deviation


def _scale(vae: Any) -> float:
    return getattr(vae.config, "scaling_factor", None) or 1.0


def _statistics(vae: Any, latents: Tensor) -> tuple[Tensor | float, Tensor | float]:
    """Return what a family's latents are centred on and spread by; 0 and 1 for most."""
    mean, deviation = (getattr(vae.config, name, None) for name in ("latents_mean", "latents_std"))
    if mean is None or deviation is None:
        return getattr(vae.config, "shift_factor", None) or 0.0, 1.0
    return latents.new_tensor(mean).view(1, -1, 1, 1), latents.new_tensor(deviation).view(1, -1, 1, 1)
