"""Tiny random checkpoints of transformers whose texts a T5 reads: SD 3, Flux, Chroma, AuraFlow and PixArt."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import (
    AuraFlowPipeline,
    AuraFlowTransformer2DModel,
    ChromaPipeline,
    ChromaTransformer2DModel,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
    PixArtAlphaPipeline,
    PixArtSigmaPipeline,
    PixArtTransformer2DModel,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
)
from transformers import (
    CLIPTextModel,
    CLIPTextModelWithProjection,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
    UMT5Config,
    UMT5EncoderModel,
)

from tests.engine.painter.checkpoints import byte_tokenizer, strengthen, tiny_scheduler, tiny_text_config, tiny_vae


def save_sd3(folder: Path, *, seed: int = 0) -> Path:
    """Save a random SD 3 checkpoint: two CLIPs with projections, a T5, a joint transformer."""
    torch.manual_seed(seed)
    pipe = StableDiffusion3Pipeline(
        transformer=SD3Transformer2DModel(
            sample_size=8,
            patch_size=1,
            in_channels=4,
            num_layers=2,
            attention_head_dim=8,
            num_attention_heads=4,
            joint_attention_dim=64,
            caption_projection_dim=32,
            pooled_projection_dim=64,
            out_channels=4,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=tiny_vae(4, shift_factor=0.06, use_quant_conv=False, use_post_quant_conv=False),
        text_encoder=CLIPTextModelWithProjection(tiny_text_config(projection_dim=32)),
        tokenizer=byte_tokenizer(),
        text_encoder_2=CLIPTextModelWithProjection(tiny_text_config(projection_dim=32)),
        tokenizer_2=byte_tokenizer(),
        text_encoder_3=T5EncoderModel(tiny_t5_config(64)),
        tokenizer_3=letter_tokenizer(),
    )
    strengthen(pipe.transformer, "add_v_proj", 10.0)
    pipe.save_pretrained(folder, safe_serialization=True)
    return folder


def save_flux(folder: Path, *, has_guidance: bool = True, seed: int = 0) -> Path:
    """Save a random Flux checkpoint that takes the guidance scale as an input, as dev does, or does not, as schnell."""
    torch.manual_seed(seed)
    pipe = FluxPipeline(
        transformer=FluxTransformer2DModel(
            patch_size=1,
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=32,
            pooled_projection_dim=32,
            axes_dims_rope=(4, 4, 8),
            guidance_embeds=has_guidance,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(
            use_dynamic_shifting=has_guidance, shift=3.0 if has_guidance else 1.0
        ),
        vae=tiny_vae(4, shift_factor=0.06, use_quant_conv=False, use_post_quant_conv=False),
        text_encoder=CLIPTextModel(tiny_text_config()),
        tokenizer=byte_tokenizer(),
        text_encoder_2=T5EncoderModel(tiny_t5_config(32)),
        tokenizer_2=letter_tokenizer(),
    )
    strengthen(pipe.transformer, "add_v_proj", 30.0)
    pipe.save_pretrained(folder, safe_serialization=True)
    return folder


def save_chroma(folder: Path, *, seed: int = 0) -> Path:
    """Save a random Chroma checkpoint."""
    torch.manual_seed(seed)
    pipe = ChromaPipeline(
        transformer=ChromaTransformer2DModel(
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=32,
            axes_dims_rope=(4, 4, 8),
            approximator_num_channels=8,
            approximator_hidden_dim=16,
            approximator_layers=1,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=tiny_vae(4, shift_factor=0.06, use_quant_conv=False, use_post_quant_conv=False),
        text_encoder=T5EncoderModel(tiny_t5_config(32)),
        tokenizer=letter_tokenizer(),
    )
    strengthen(pipe.transformer, "add_v_proj", 30.0)
    pipe.save_pretrained(folder, safe_serialization=True)
    return folder


def save_auraflow(folder: Path, *, seed: int = 0) -> Path:
    """Save a random AuraFlow checkpoint that knows positions for 16 x 16 patches, which are 128 x 128 pixels."""
    torch.manual_seed(seed)
    pipe = AuraFlowPipeline(
        transformer=AuraFlowTransformer2DModel(
            sample_size=16,
            in_channels=4,
            num_mmdit_layers=1,
            num_single_dit_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=32,
            caption_projection_dim=32,
            pos_embed_max_size=256,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=1.73),
        vae=tiny_vae(4),
        text_encoder=UMT5EncoderModel(
            UMT5Config(vocab_size=40, d_model=32, d_kv=8, d_ff=64, num_layers=1, num_heads=4)
        ),
        tokenizer=letter_tokenizer(),
    )
    strengthen(pipe.transformer, "add_v_proj", 30.0)
    strengthen(pipe.transformer, "to_out", 12.0)
    strengthen(pipe.transformer, "proj_out", 3.0)
    pipe.save_pretrained(folder, safe_serialization=True)
    return folder


def save_pixart(
    folder: Path,
    kind: type[PixArtAlphaPipeline] | type[PixArtSigmaPipeline],
    *,
    sample_size: int = 128,
    num_layers: int = 2,
    seed: int = 0,
) -> Path:
    """Save a random PixArt checkpoint; Alpha takes sizes as an input, and both predict the variance too."""
    torch.manual_seed(seed)
    pipe = kind(
        tokenizer=letter_tokenizer(),
        text_encoder=T5EncoderModel(tiny_t5_config(32)),
        vae=tiny_vae(4),
        transformer=PixArtTransformer2DModel(
            sample_size=sample_size,
            num_layers=num_layers,
            num_attention_heads=3,
            attention_head_dim=8,
            in_channels=4,
            out_channels=8,
            cross_attention_dim=24,
            caption_channels=32,
            use_additional_conditions=kind is PixArtAlphaPipeline,
        ),
        scheduler=tiny_scheduler("epsilon"),
    )
    strengthen(pipe.transformer, "attn2.to_v", 10.0)
    strengthen(pipe.transformer, "resolution_embedder", 8.0)
    strengthen(pipe.transformer, "aspect_ratio_embedder", 8.0)
    pipe.save_pretrained(folder, safe_serialization=True)
    return folder


def tiny_t5_config(width: int) -> T5Config:
    return T5Config(
        vocab_size=40, d_model=width, d_kv=8, d_ff=64, num_layers=1, num_heads=4, feed_forward_proj="gated-gelu"
    )


def letter_tokenizer() -> T5Tokenizer:
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("\u2581", -1.0), *((letter, -2.0) for letter in letters)]
    return T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=512)
