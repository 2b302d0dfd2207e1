"""Tiny random checkpoints of transformers whose texts a Qwen reads, at any length: Qwen-Image, Z-Image, Klein."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKLFlux2,
    AutoencoderKLQwenImage,
    FlowMatchEulerDiscreteScheduler,
    Flux2KleinPipeline,
    Flux2Transformer2DModel,
    QwenImagePipeline,
    QwenImageTransformer2DModel,
    ZImagePipeline,
    ZImageTransformer2DModel,
)
from tokenizers import pre_tokenizers
from transformers import (
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2Tokenizer,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3Model,
)

from tests.engine.painter.checkpoints import strengthen, tiny_vae


def save_qwen_image(folder: Path, *, seed: int = 0) -> Path:
    """Save a random Qwen-Image checkpoint: Qwen2.5-VL, an autoencoder for films, latents in patches."""
    torch.manual_seed(seed)
    pipe = QwenImagePipeline(
        transformer=QwenImageTransformer2DModel(
            in_channels=16,
            out_channels=4,
            num_layers=2,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=32,
            axes_dims_rope=(4, 6, 6),
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(
            use_dynamic_shifting=True, base_shift=0.5, max_shift=0.9, max_image_seq_len=8192, shift_terminal=0.02
        ),
        vae=tiny_film_autoencoder(),
        text_encoder=Qwen2_5_VLForConditionalGeneration(tiny_qwen_vl_config()),
        tokenizer=qwen_tokenizer(),
    )
    strengthen(pipe.transformer, "add_v_proj", 16.0)
    strengthen(pipe.transformer, "proj_out", 4.0)
    pipe.save_pretrained(folder, safe_serialization=True)
    return folder


def save_z_image(folder: Path, *, seed: int = 0) -> Path:
    """Save a random Z-Image checkpoint: Qwen3, pictures and texts in one stream."""
    torch.manual_seed(seed)
    pipe = ZImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=tiny_vae(4, shift_factor=0.06, use_quant_conv=False, use_post_quant_conv=False),
        text_encoder=Qwen3Model(tiny_qwen3_config()),
        tokenizer=qwen_tokenizer(),
        transformer=ZImageTransformer2DModel(
            in_channels=4,
            dim=32,
            n_layers=2,
            n_refiner_layers=1,
            n_heads=2,
            n_kv_heads=2,
            cap_feat_dim=32,
            axes_dims=[4, 6, 6],
        ),
    )
    pipe.save_pretrained(folder, safe_serialization=True)
    return folder


def save_flux2_klein(folder: Path, *, is_distilled: bool = False, seed: int = 0) -> Path:
    """Save a random Flux.2 Klein checkpoint: Qwen3 of 27 layers, a VAE with statistics of four latents together."""
    torch.manual_seed(seed)
    pipe = Flux2KleinPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift=3.0),
        vae=tiny_patched_autoencoder(),
        text_encoder=Qwen3ForCausalLM(tiny_qwen3_config(num_hidden_layers=27)),
        tokenizer=qwen_tokenizer(),
        transformer=Flux2Transformer2DModel(
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=96,
            timestep_guidance_channels=16,
            axes_dims_rope=(4, 4, 4, 4),
            guidance_embeds=False,
        ),
        is_distilled=is_distilled,
    )
    strengthen(pipe.transformer, "add_v_proj", 16.0)
    pipe.save_pretrained(folder, safe_serialization=True)
    return folder


def tiny_patched_autoencoder() -> AutoencoderKLFlux2:
    vae = AutoencoderKLFlux2(
        block_out_channels=(16, 16, 32),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        latent_channels=4,
        norm_num_groups=8,
    )
    vae.bn.running_mean.normal_(std=0.3)
    vae.bn.running_var.uniform_(0.5, 2.0)
    return vae


def tiny_film_autoencoder() -> AutoencoderKLQwenImage:
    return AutoencoderKLQwenImage(
        base_dim=8,
        z_dim=4,
        dim_mult=[1, 2, 2],
        num_res_blocks=1,
        temperal_downsample=[False, True],
        latents_mean=[0.1, -0.2, 0.3, -0.1],
        latents_std=[1.5, 0.7, 1.2, 0.9],
    )


def tiny_qwen3_config(**more: Any) -> Qwen3Config:
    return Qwen3Config(**{**TINY_QWEN, **more}, head_dim=16)


def tiny_qwen_vl_config() -> Qwen2_5_VLConfig:
    sections = {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10000.0}
    vision = {"depth": 1, "hidden_size": 16, "intermediate_size": 32, "num_heads": 2, "out_hidden_size": 32}
    return Qwen2_5_VLConfig(text_config={**TINY_QWEN, "rope_parameters": sections}, vision_config=vision)


TINY_QWEN: dict[str, Any] = {
    "vocab_size": 300,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
}
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}: {{ message.content }}<|im_end|>{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>{% endif %}"
)


def qwen_tokenizer() -> Qwen2Tokenizer:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*letters, "<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer = Qwen2Tokenizer(
        vocab={token: index for index, token in enumerate(tokens)},
        merges=[],
        additional_special_tokens=["<|im_start|>", "<|im_end|>"],
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer
