"""Between pixels and latents: a VAE's encoder and decoder, and the linear map that makes previews.

`vae` is a diffusers autoencoder throughout. Its config scales latents to about unit variance.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pixel_shuffle, pixel_unshuffle

# Takes the VAE and the shape of the latents of a 64 x 64 picture; returns weights for `preview_from_latents`.
PreviewFit = Callable[[Any, tuple[int, int, int]], Tensor]

_FIT_SIDE = 16
_FIT_PICTURES = 8


def pictures_from_latents(vae: Any, latents: Tensor) -> Tensor:
    """Return the decoded latents as uint8 [batch, height, width, 3] on the CPU.

    latents: float [batch, channels, height / factor, width / factor] in latent units, on the VAE's device.
    They are scaled in the decoder's dtype, so that they round as in the stock pipelines.
    Source: `decode_latents` of the diffusers pipelines and `VaeImageProcessor.postprocess`, diffusers 0.42.

    Raises: FloatingPointError for pixels that are not finite, as some decoders return in 16 bits; OutOfMemoryError.
    """
    decoded = pixels_from_latents(vae, latents)
    if not torch.isfinite(decoded).all():
        raise FloatingPointError("its decoder's pictures are not numbers")
    return bytes_from_unit(decoded / 2 + 0.5)


def pixels_from_latents(vae: Any, latents: Tensor) -> Tensor:
    """Return the decoded latents, float [batch, 3, height, width], mostly in -1 to 1, in the VAE's dtype."""
    return _first_frame(vae.decode(_as_video(vae, _unscaled(vae, latents.to(vae.dtype))), return_dict=False)[0])


def latents_from_pictures(vae: Any, pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Return latents drawn from the encoder's distribution, float [batch, channels, height / factor, width / factor].

    pictures: float [batch, 3, height, width] in -1 to 1.
    generator: on the CPU; draws once for the whole batch. An encoder without a distribution draws nothing.
    Source: `retrieve_latents` of the diffusers pipelines, diffusers 0.42.
    """
    return _scaled(vae, _encoded(vae, pictures, lambda distribution: distribution.sample(generator)))


def bytes_from_unit(pictures: Tensor) -> Tensor:
    """Return float [batch, 3, height, width], clamped to 0 to 1, as uint8 [batch, height, width, 3] on the CPU."""
    return pictures.float().clamp(0, 1).mul(255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu()


def fit_preview_weights(vae: Any, latent_shape: tuple[int, int, int]) -> Tensor:
    """Return the linear map from latents to colours that fits this VAE best, float32 [channels + 1, 3].

    latent_shape: channels, height and width of the latents of a 64 x 64 picture; these give the VAE's scale.
    The map is fitted by least squares to smooth random pictures that the VAE encodes, so that no family needs a table.
    """
    scale = 64 // latent_shape[1]
    pictures = _soft_pictures(_FIT_SIDE * scale)
    latents = _scaled(vae, _encoded(vae, pictures.to(vae.device), lambda distribution: distribution.mode())).float()
    colours = torch.nn.functional.avg_pool2d(pictures.to(latents.device), scale)
    return _least_squares(_columns(latents), colours.movedim(1, -1).reshape(-1, 3))


def preview_from_latents(latents: Tensor, weights: Tensor) -> Tensor:
    """Return one pixel for each position of the latents, uint8 [batch, height, width, 3] on the CPU.

    latents: float [batch, channels, height, width] in latent units.
    weights: float32 [channels + 1, 3] of `fit_preview_weights`; its colours are in -1 to 1.
    """
    batch, _, height, width = latents.shape
    colours = (_columns(latents.float()) @ weights.to(latents.device)).view(batch, height, width, 3).movedim(-1, 1)
    return bytes_from_unit(colours / 2 + 0.5)


def _columns(latents: Tensor) -> Tensor:
    """Return one row for each position: its channels and a 1, [batch * height * width, channels + 1]."""
    positions = latents.movedim(1, -1).reshape(-1, latents.shape[1])
    return torch.cat([positions, torch.ones_like(positions[:, :1])], dim=1)


def _least_squares(inputs: Tensor, targets: Tensor) -> Tensor:
    """Return the weights of a ridge regression: W = (X^T X + 1e-4 n I)^-1 X^T Y.

    inputs: X, float [n, inputs]. targets: Y, float [n, outputs]. Returns: W, float [inputs, outputs].
    """
    gram = inputs.T @ inputs + 1e-4 * inputs.shape[0] * torch.eye(inputs.shape[1], device=inputs.device)
    weights: Tensor = torch.linalg.solve(gram, inputs.T @ targets)
    return weights


def _soft_pictures(side: int) -> Tensor:
    """Return smooth random pictures, always the same: float32 [pictures, 3, side, side] in -1 to 1."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(_FIT_PICTURES, 3, 4, 4, generator=generator) * 2 - 1
    return torch.nn.functional.interpolate(coarse, size=(side, side), mode="bilinear")


def _encoded(vae: Any, pictures: Tensor, pick: Callable[[Any], Tensor]) -> Tensor:
    """Return the encoder's unscaled latents; `pick` takes them from its distribution, if it returns one."""
    encoded = vae.encode(_as_video(vae, pictures.to(vae.dtype)))
    return _first_frame(pick(encoded.latent_dist) if hasattr(encoded, "latent_dist") else encoded.latent)


def _as_video(vae: Any, pictures: Tensor) -> Tensor:
    """Return pictures or latents as videos of one frame, [batch, channels, 1, height, width], for a video VAE."""
    is_for_videos = getattr(vae.config, "temperal_downsample", None) is not None
    return pictures[:, :, None] if is_for_videos else pictures


def _first_frame(pictures: Tensor) -> Tensor:
    return pictures[:, :, 0] if pictures.dim() == 5 else pictures


def _unscaled(vae: Any, latents: Tensor) -> Tensor:
    """Return the VAE's own z for latents x: z = x / (scale / deviation) + mean."""
    mean, deviation = _statistics(vae, latents)
    own = latents / (_scale(vae) / deviation) + mean
    return pixel_shuffle(own, 2) if _is_patched(vae) else own


def _scaled(vae: Any, latents: Tensor) -> Tensor:
    """Return latents x for the VAE's own z: x = (z - mean) * scale / deviation."""
    own = pixel_unshuffle(latents, 2) if _is_patched(vae) else latents
    mean, deviation = _statistics(vae, own)
    return (own - mean) * _scale(vae) / deviation


def _is_patched(vae: Any) -> bool:
    """Return whether four neighbours of z are one latent, as with Flux.2's VAE, which has statistics of those."""
    return hasattr(vae, "bn")


def _scale(vae: Any) -> float:
    return getattr(vae.config, "scaling_factor", None) or 1.0


def _statistics(vae: Any, latents: Tensor) -> tuple[Tensor | float, Tensor | float]:
    """Return the mean and deviation of a VAE's z, by channel where its config has them; 0 and 1 for most."""
    if _is_patched(vae):
        mean, variance = (one.to(latents).view(1, -1, 1, 1) for one in (vae.bn.running_mean, vae.bn.running_var))
        return mean, torch.sqrt(variance + vae.config.batch_norm_eps)
    mean, deviation = (getattr(vae.config, name, None) for name in ("latents_mean", "latents_std"))
    if mean is None or deviation is None:
        return getattr(vae.config, "shift_factor", None) or 0.0, 1.0
    return latents.new_tensor(mean).view(1, -1, 1, 1), latents.new_tensor(deviation).view(1, -1, 1, 1)
