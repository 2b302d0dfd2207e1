"""Whether the parts of a pipeline fit each other: the channels of latents and the features of texts.

Nothing but the first step of a picture would show that they do not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.models.files.json_files import shown
from engine.models.loading.errors import UnusableFiles


@dataclass(frozen=True, kw_only=True)
class _Inputs:
    """What a transformer takes.

    patch: latents of so many channels are one of its inputs, as it takes several neighbours together.
    features: its setting for the features of texts, which `encoder` gives.
    num_layers: so many of the encoder's hidden states lie side by side.
    """

    patch: int
    features: str
    num_layers: int = 1
    encoder: str = "text_encoder"


# Source: the classes of diffusers 0.42. Stable Diffusion 3 is sampled without its third encoder, too.
_TRANSFORMERS: Mapping[str, _Inputs] = {
    "AuraFlowTransformer2DModel": _Inputs(patch=1, features="joint_attention_dim"),
    "ChromaTransformer2DModel": _Inputs(patch=4, features="joint_attention_dim"),
    "Flux2Transformer2DModel": _Inputs(patch=4, features="joint_attention_dim", num_layers=3),
    "FluxTransformer2DModel": _Inputs(patch=4, features="joint_attention_dim", encoder="text_encoder_2"),
    "Lumina2Transformer2DModel": _Inputs(patch=1, features="cap_feat_dim"),
    "PixArtTransformer2DModel": _Inputs(patch=1, features="caption_channels"),
    "QwenImageTransformer2DModel": _Inputs(patch=4, features="joint_attention_dim"),
    "SD3Transformer2DModel": _Inputs(patch=1, features="joint_attention_dim", encoder="text_encoder_3"),
    "SanaTransformer2DModel": _Inputs(patch=1, features="caption_channels"),
    "ZImageTransformer2DModel": _Inputs(patch=1, features="cap_feat_dim"),
}
_OF_FILMS = "UNetSpatioTemporalConditionModel"
# Width and height of the original, of what is cropped and of the target, in the conditions of Stable Diffusion XL.
_NUM_SIZES = 6


def check_widths(components: Mapping[str, Any]) -> None:
    """Check that a denoiser takes what its VAE and its text encoders give, and that a VAE's statistics are of its
    latents.

    Raises: UnusableFiles.
    """
    if "vae" in components:
        _check_statistics(components["vae"].config)
    if "unet" in components:
        is_for_films = type(components["unet"]).__name__ == _OF_FILMS
        problems = _film_problems if is_for_films else _problems
        for problem in problems(components["unet"].config, components):
            raise UnusableFiles(problem)
    if "transformer" in components:
        for problem in _transformer_problems(components["transformer"], components):
            raise UnusableFiles(problem)


def _latent_channels(vae: Any) -> int | None:
    return getattr(vae, "latent_channels", None) or getattr(vae, "z_dim", None)


def _check_statistics(vae: Any) -> None:
    num_channels = _latent_channels(vae)
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
    if unet.in_channels not in (latents, 2 * latents + 1):
        yield f"its unet takes latents of {unet.in_channels} channels, and its vae has {latents}"
    features = sum(_features(part) for name, part in components.items() if name.startswith("text_encoder"))
    taken = unet.cross_attention_dim
    if isinstance(taken, int) and unet.encoder_hid_dim_type is None and taken != features:
        yield f"its unet takes texts of {taken} features, and its text encoders give {features}"
    if unet.addition_embed_type == "text_time" and "text_encoder_2" in components:
        sizes, pooled = unet.addition_time_embed_dim, components["text_encoder_2"].config.projection_dim
        wanted = unet.projection_class_embeddings_input_dim
        if not isinstance(sizes, int) or _NUM_SIZES * sizes + pooled != wanted:
            yield (
                f"its unet takes conditions of {wanted} features, and {_NUM_SIZES} sizes of {shown(sizes)}"
                f" (addition_time_embed_dim) with the {pooled} of its text_encoder_2 make another number"
            )


def _film_problems(unet: Any, components: Mapping[str, Any]) -> Iterator[str]:
    latents, features = components["vae"].config.latent_channels, components["image_encoder"].config.projection_dim
    if unet.in_channels != 2 * latents:
        yield f"its unet takes {unet.in_channels} channels, and its vae has {latents}, of the frames and of the picture"
    if unet.cross_attention_dim != features:
        yield f"its unet takes pictures of {unet.cross_attention_dim} features, and its image_encoder gives {features}"


def _transformer_problems(transformer: Any, components: Mapping[str, Any]) -> Iterator[str]:
    inputs = _TRANSFORMERS.get(type(transformer).__name__)
    if inputs is None:
        return
    config, channels = transformer.config, _latent_channels(components["vae"].config)
    if channels is not None and config.in_channels != channels * inputs.patch:
        taken = f"{config.in_channels / inputs.patch:g} channels"
        yield f"its transformer takes latents of {taken}, and its vae has {channels}"
    encoder = components.get(inputs.encoder)
    wanted = config[inputs.features]
    given = wanted if encoder is None else _features(encoder) * inputs.num_layers
    if given != wanted:
        yield f"its transformer takes texts of {wanted} features, and its {inputs.encoder} gives {given}"
    axes, head = config.get("axes_dims_rope"), config.get("attention_head_dim")
    if axes is not None and head is not None and sum(axes) != head:
        yield f"its transformer sets axes_dims_rope to {shown(axes)}, which must sum up to attention_head_dim, {head}"


def _features(encoder: Any) -> int:
    return int(encoder.config.get_text_config().hidden_size)
