"""Parts of different models in one pipeline are told before anything is painted with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from diffusers import FluxTransformer2DModel, SanaTransformer2DModel, ZImageTransformer2DModel
from transformers import CLIPTextModelWithProjection, T5Config, T5EncoderModel

from engine.models.loading.errors import UnusableFiles
from engine.models.loading.widths import check_widths
from tests.engine.painter.checkpoints import tiny_text_config, tiny_unet, tiny_vae


def _t5(features: int) -> T5EncoderModel:
    return T5EncoderModel(T5Config(vocab_size=8, d_model=features, d_kv=8, d_ff=8, num_layers=1, num_heads=1))


def _flux(**more: Any) -> FluxTransformer2DModel:
    shape: dict[str, Any] = {"in_channels": 16, "joint_attention_dim": 32, "axes_dims_rope": (4, 4, 8)}
    small = {"num_layers": 1, "num_single_layers": 0, "attention_head_dim": 16, "num_attention_heads": 1}
    return FluxTransformer2DModel(**{**small, **shape, **more})


def _sana(**more: Any) -> SanaTransformer2DModel:
    shape = {"in_channels": 4, "caption_channels": 32, "num_layers": 1, "sample_size": 8}
    return SanaTransformer2DModel(
        num_attention_heads=1, attention_head_dim=8, cross_attention_dim=8, **{**shape, **more}
    )


def _z_image(**more: Any) -> ZImageTransformer2DModel:
    shape = {"in_channels": 4, "cap_feat_dim": 32, "n_layers": 1, "n_refiner_layers": 1, "dim": 32, "n_heads": 1}
    return ZImageTransformer2DModel(n_kv_heads=1, axes_dims=[8, 12, 12], **{**shape, **more})


TRANSFORMERS: list[tuple[Callable[..., Any], str, dict[str, Any], str]] = [
    (_flux, "text_encoder_2", {}, ""),
    (_flux, "text_encoder_2", {"in_channels": 64}, "takes latents of 16 channels, and its vae has 4"),
    (
        _flux,
        "text_encoder_2",
        {"joint_attention_dim": 48},
        "texts of 48 features, and its text_encoder_2 gives 32",
    ),
    (_flux, "text_encoder_2", {"axes_dims_rope": (4, 4, 16)}, "axes_dims_rope to [4, 4, 16], which must sum up to"),
    (_sana, "text_encoder", {}, ""),
    (_sana, "text_encoder", {"in_channels": 32}, "takes latents of 32 channels, and its vae has 4"),
    (_sana, "text_encoder", {"caption_channels": 24}, "takes texts of 24 features, and its text_encoder gives 32"),
    (_z_image, "text_encoder", {}, ""),
    (_z_image, "text_encoder", {"cap_feat_dim": 24}, "takes texts of 24 features, and its text_encoder gives 32"),
]


@pytest.mark.parametrize(("made", "encoder", "other", "told"), TRANSFORMERS)
def test_a_transformer_takes_what_its_vae_and_its_text_encoder_give(
    made: Callable[..., Any], encoder: str, other: dict[str, Any], told: str
) -> None:
    with torch.device("meta"):
        parts = {"transformer": made(**other), "vae": tiny_vae(4), encoder: _t5(32)}
    _check(parts, told)


@pytest.mark.parametrize(("features", "told"), [(8, ""), (25, "conditions of 80 features"), (None, "6 sizes of null")])
def test_the_sizes_of_sdxl_fill_its_conditions(features: int | None, told: str) -> None:
    conditions = {"addition_embed_type": "text_time", "projection_class_embeddings_input_dim": 6 * 8 + 32}
    with torch.device("meta"):
        unet = tiny_unet(4, addition_time_embed_dim=8, **conditions)
        encoder = CLIPTextModelWithProjection(tiny_text_config(projection_dim=32))
        parts = {"unet": unet, "vae": tiny_vae(4), "text_encoder_2": encoder}
    unet.register_to_config(addition_time_embed_dim=features)
    _check(parts, told)


def _check(parts: dict[str, Any], told: str) -> None:
    if not told:
        check_widths(parts)
        return
    with pytest.raises(UnusableFiles) as refused:
        check_widths(parts)
    assert told in str(refused.value)
