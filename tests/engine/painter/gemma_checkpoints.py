"""Tiny random checkpoints of transformers whose texts Gemma reads: Sana, with a deep autoencoder, and Lumina 2."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import (
    AutoencoderDC,
    AutoencoderKL,
    DPMSolverMultistepScheduler,
    FlowMatchEulerDiscreteScheduler,
    Lumina2Pipeline,
    Lumina2Transformer2DModel,
    SanaPipeline,
    SanaTransformer2DModel,
)
from transformers import Gemma2Config, Gemma2Model, GemmaTokenizer

from tests.engine.painter.checkpoints import strengthen


def save_sana(folder: Path, *, sample_size: int = 8, num_layers: int = 2, seed: int = 0) -> Path:
    """Save a random Sana checkpoint: Gemma, linear attention, a deep-compression autoencoder."""
    torch.manual_seed(seed)
    pipe = SanaPipeline(
        tokenizer=gemma_tokenizer(),
        text_encoder=Gemma2Model(tiny_gemma_config()),
        vae=tiny_dc_autoencoder(),
        transformer=SanaTransformer2DModel(
            in_channels=4,
            out_channels=4,
            num_attention_heads=2,
            attention_head_dim=16,
            num_layers=num_layers,
            num_cross_attention_heads=2,
            cross_attention_head_dim=16,
            cross_attention_dim=32,
            caption_channels=32,
            sample_size=sample_size,
        ),
        scheduler=DPMSolverMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0),
    )
    strengthen(pipe.transformer, "attn2.to_", 6.0)
    pipe.save_pretrained(folder, safe_serialization=True)
    return folder


def save_lumina2(folder: Path, *, seed: int = 0) -> Path:
    """Save a random Lumina 2 checkpoint: Gemma, one stream of texts and pictures, latents of 8 x 8 pixels."""
    torch.manual_seed(seed)
    pipe = Lumina2Pipeline(
        transformer=Lumina2Transformer2DModel(
            sample_size=8,
            in_channels=4,
            hidden_size=32,
            num_layers=2,
            num_refiner_layers=1,
            num_attention_heads=2,
            num_kv_heads=1,
            multiple_of=16,
            axes_dim_rope=(4, 6, 6),
            axes_lens=(300, 64, 64),
            cap_feat_dim=32,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=6.0),
        vae=AutoencoderKL(
            block_out_channels=(8, 8, 16, 16),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            latent_channels=4,
            norm_num_groups=4,
            scaling_factor=0.36,
            shift_factor=0.11,
            use_quant_conv=False,
            use_post_quant_conv=False,
        ),
        text_encoder=Gemma2Model(tiny_gemma_config()),
        tokenizer=gemma_tokenizer(),
    )
    pipe.save_pretrained(folder, safe_serialization=True)
    return folder


def tiny_gemma_config() -> Gemma2Config:
    return Gemma2Config(
        vocab_size=300,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
    )


def gemma_tokenizer() -> GemmaTokenizer:
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    letters = ["\u2581", *map(chr, range(33, 127)), "\n"]
    return GemmaTokenizer(vocab={token: index for index, token in enumerate([*special, *letters])}, merges=[])


def tiny_dc_autoencoder() -> AutoencoderDC:
    return AutoencoderDC(
        latent_channels=4,
        attention_head_dim=4,
        encoder_block_types=("ResBlock", "ResBlock", "EfficientViTBlock"),
        decoder_block_types=("ResBlock", "ResBlock", "EfficientViTBlock"),
        encoder_block_out_channels=(8, 8, 16),
        decoder_block_out_channels=(8, 8, 16),
        encoder_layers_per_block=(1, 1, 1),
        decoder_layers_per_block=(1, 1, 1),
        encoder_qkv_multiscales=((), (), (5,)),
        decoder_qkv_multiscales=((), (), (5,)),
        scaling_factor=0.41,
    )
