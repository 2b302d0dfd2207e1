"""Tiny random checkpoints of UNets whose texts CLIP reads, saved as their real counterparts are, and adapters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    DiffusionPipeline,
    DPMSolverMultistepScheduler,
    LatentConsistencyModelPipeline,
    LCMScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from peft import LoraConfig, get_peft_model_state_dict
from tokenizers import pre_tokenizers
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer


def save_sd1(
    folder: Path,
    *,
    latent_channels: int = 4,
    prediction: str = "epsilon",
    seed: int = 0,
    variant: str | None = None,
    **unet: Any,
) -> Path:
    """Save a random SD 1.x checkpoint of 32 x 32 pixels with latents at a quarter of that.

    unet: what differs in its configuration from that of `tiny_unet`.
    """
    torch.manual_seed(seed)
    pipe = StableDiffusionPipeline(
        vae=tiny_vae(latent_channels),
        text_encoder=CLIPTextModel(tiny_text_config()),
        tokenizer=byte_tokenizer(),
        unet=tiny_unet(latent_channels, **unet),
        scheduler=tiny_scheduler(prediction),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.save_pretrained(folder, safe_serialization=True, variant=variant)
    return folder


def save_sdxl(folder: Path, *, seed: int = 0, **unet: Any) -> Path:
    """Save a random SDXL checkpoint: two text encoders, pooled text and sizes as further conditions.

    unet: what differs in its configuration from that of `tiny_unet`.
    """
    torch.manual_seed(seed)
    pipe = StableDiffusionXLPipeline(
        vae=tiny_vae(4),
        text_encoder=CLIPTextModel(tiny_text_config()),
        text_encoder_2=CLIPTextModelWithProjection(tiny_text_config(projection_dim=32)),
        tokenizer=byte_tokenizer(),
        tokenizer_2=byte_tokenizer(),
        unet=tiny_unet(
            4,
            cross_attention_dim=64,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + 32,
            **unet,
        ),
        scheduler=tiny_scheduler("epsilon"),
    )
    pipe.save_pretrained(folder, safe_serialization=True)
    return folder


def save_lcm(folder: Path, *, seed: int = 0) -> Path:
    """Save a random latent consistency model: its UNet takes the guidance scale as an input."""
    torch.manual_seed(seed)
    unet = tiny_unet(4, time_cond_proj_dim=32)
    strengthen(unet, "cond_proj", 6.0)
    pipe = LatentConsistencyModelPipeline(
        vae=tiny_vae(4),
        text_encoder=CLIPTextModel(tiny_text_config()),
        tokenizer=byte_tokenizer(),
        unet=unet,
        scheduler=LCMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.save_pretrained(folder, safe_serialization=True)
    return folder


def save_lora(file: Path, model: Path, *, seed: int, rank: int = 4) -> Path:
    """Save a LoRA with random weights for the UNet of an SD checkpoint, strong enough to be seen."""
    torch.manual_seed(seed)
    unet = UNet2DConditionModel.from_pretrained(model / "unet")
    unet.add_adapter(LoraConfig(r=rank, lora_alpha=rank, target_modules=["to_q", "to_k", "to_v", "to_out.0"]))
    state = {name: torch.randn_like(weight) * 0.3 for name, weight in get_peft_model_state_dict(unet).items()}
    StableDiffusionPipeline.save_lora_weights(file.parent, unet_lora_layers=state, weight_name=file.name)
    return file


def save_transformer_lora(file: Path, model: Path, kind: type[DiffusionPipeline], *, seed: int) -> Path:
    """Save a LoRA with random weights for the attention of a checkpoint's transformer, strong enough to be seen."""
    torch.manual_seed(seed)
    pipe = kind.from_pretrained(model)
    pipe.transformer.add_adapter(LoraConfig(r=4, lora_alpha=4, target_modules=["to_q", "to_k", "to_v"]))
    layers = {name: torch.randn_like(weight) for name, weight in get_peft_model_state_dict(pipe.transformer).items()}
    kind.save_lora_weights(file.parent, transformer_lora_layers=layers, weight_name=file.name)
    return file


def strengthen(module: torch.nn.Module, part: str, factor: float) -> None:
    """Multiply the weights of a part, so that a random model's pictures depend on its inputs."""
    for name, weight in module.named_parameters():
        if part in name:
            weight.data *= factor


def tiny_vae(latent_channels: int, **more: Any) -> AutoencoderKL:
    return AutoencoderKL(
        **more,
        block_out_channels=(16, 16, 32),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        latent_channels=latent_channels,
        norm_num_groups=8,
        sample_size=32,
        scaling_factor=0.5,
    )


# The fewest blocks that a U-Net can have, for tests that compile it: compiling takes a second for each kernel.
ONE_BLOCK: Mapping[str, Any] = {
    "block_out_channels": (32,),
    "down_block_types": ("CrossAttnDownBlock2D",),
    "mid_block_type": None,
    "up_block_types": ("CrossAttnUpBlock2D",),
}


def tiny_unet(latent_channels: int, **more: Any) -> UNet2DConditionModel:
    shape = {
        "sample_size": 8,
        "in_channels": latent_channels,
        "out_channels": latent_channels,
        "block_out_channels": (32, 64),
        "layers_per_block": 1,
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
        "cross_attention_dim": 32,
        "attention_head_dim": 8,
        "norm_num_groups": 8,
    }
    unet = UNet2DConditionModel(**(shape | more))
    strengthen(unet, "attn2.to_v", 6.0)
    return unet


def tiny_scheduler(prediction: str) -> DPMSolverMultistepScheduler:
    return DPMSolverMultistepScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        steps_offset=1,
        prediction_type=prediction,
    )


def tiny_text_config(**more: Any) -> CLIPTextConfig:
    return CLIPTextConfig(
        **more,
        vocab_size=514,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=77,
        bos_token_id=512,
        eos_token_id=513,
        pad_token_id=513,
    )


def byte_tokenizer() -> CLIPTokenizer:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*alphabet, *(f"{letter}</w>" for letter in alphabet), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={token: index for index, token in enumerate(tokens)}, merges=[], model_max_length=77)
