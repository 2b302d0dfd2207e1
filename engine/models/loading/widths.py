"""Whether the parts of a pipeline fit each other: the channels of latents and the features of texts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from engine.models.files.json_files import shown
from engine.models.loading.errors import UnusableFiles

# Inputs of a U-Net for inpainting: its latents, those of the masked picture, and the mask.
_INPAINTING_CHANNELS = 9


def check_widths(components: Mapping[str, Any]) -> None:
    """Check that a U-Net takes what its VAE and its text encoders give, and that a VAE's statistics are of its latents.

    Transformers are not checked.

    Raises: UnusableFiles.
    """
    if "vae" in components:
        _check_statistics(components["vae"].config)
    if "unet" in components:
        for problem in _problems(components["unet"].config, components):
            raise UnusableFiles(problem)


def _check_statistics(vae: Any) -> None:
    num_channels = getattr(vae, "latent_channels", None) or getattr(vae, "z_dim", None)
    for name in ("latents_mean", "latents_std"):
        values = getattr(vae, name, None)
        if values is not None and not _are_numbers(values, num_channels):
            accepted = f"null or {num_channels} numbers, one for each channel of its latents"
            raise UnusableFiles(f"its vae/config.json sets {name} to {shown(values)}, which must be {accepted}")


def _are_numbers(values: object, num_channels: int | None) -> bool:
    if not isinstance(values, list | tuple) or len(values) != num_channels:
        return False
    return all(isinstance(one, int | float) and math.isfinite(one) for one in values)


def _problems(unet: Any, components: Mapping[str, Any]) -> Iterator[str]:
    latents = getattr(components["vae"].config, "latent_channels", unet.in_channels)
    if unet.in_channels == _INPAINTING_CHANNELS != latents:
        yield "its unet is for inpainting, which is not supported"
    if unet.in_channels != latents:
        yield f"its unet takes latents of {unet.in_channels} channels, and its vae has {latents}"
    features = sum(
        part.config.get_text_config().hidden_size
        for name, part in components.items()
        if name.startswith("text_encoder")
    )
    taken = unet.cross_attention_dim
    if isinstance(taken, int) and unet.encoder_hid_dim_type is None and taken != features:
        yield f"its unet takes texts of {taken} features, and its text encoders give {features}"
