"""Tiny random checkpoints of transformers, saved to disk as their real counterparts are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderDC,
    AutoencoderKLQwenImage,
    DiffusionPipeline,
    DPMSolverMultistepScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
    PixArtAlphaPipeline,
    PixArtSigmaPipeline,
    PixArtTransformer2DModel,
    QwenImagePipeline,
    QwenImageTransformer2DModel,
    SanaPipeline,
    SanaTransformer2DModel,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    ZImagePipeline,
    ZImageTransformer2DModel,
)
from peft import LoraConfig, get_peft_model_state_dict
from tokenizers import pre_tokenizers
from transformers import (
    CLIPTextModel,
    CLIPTextModelWithProjection,
    Gemma2Config,
    Gemma2Model,
    GemmaTokenizer,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2Tokenizer,
    Qwen3Config,
    Qwen3Model,
    T5EncoderModel,
)

from tests.engine.painter.checkpoints import (
    byte_tokenizer,
    letter_tokenizer,
    tiny_scheduler,
    tiny_t5_config,
    tiny_text_config,
    tiny_vae,
)


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
    pipe.save_pretrained(folder, safe_serialization=True)
    return folder


def save_flux(folder: Path, *, has_guidance: bool = True, seed: int = 0) -> Path:
    """Save a random Flux checkpoint that is told the guidance scale, as dev is, or is not, as schnell."""
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


def save_pixart(
    folder: Path,
    kind: type[PixArtAlphaPipeline] | type[PixArtSigmaPipeline],
    *,
    sample_size: int = 128,
    seed: int = 0,
) -> Path:
    """Save a random PixArt checkpoint; Alpha is told sizes, and both predict the variance too."""
    torch.manual_seed(seed)
    pipe = kind(
        tokenizer=letter_tokenizer(),
        text_encoder=T5EncoderModel(tiny_t5_config(32)),
        vae=tiny_vae(4),
        transformer=PixArtTransformer2DModel(
            sample_size=sample_size,
            num_layers=2,
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
    strengthen(pipe.transformer, "resolution_embedder", 8.0)
    strengthen(pipe.transformer, "aspect_ratio_embedder", 8.0)
    pipe.save_pretrained(folder, safe_serialization=True)
    return folder


def save_sana(folder: Path, *, sample_size: int = 8, seed: int = 0) -> Path:
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
            num_layers=2,
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


def save_transformer_lora(file: Path, model: Path, kind: type[DiffusionPipeline], *, seed: int) -> Path:
    """Save a LoRA with random weights for the attention of a checkpoint's transformer, strong enough to be seen."""
    torch.manual_seed(seed)
    pipe = kind.from_pretrained(model)
    pipe.transformer.add_adapter(LoraConfig(r=4, lora_alpha=4, target_modules=["to_q", "to_k", "to_v"]))
    layers = {name: torch.randn_like(weight) for name, weight in get_peft_model_state_dict(pipe.transformer).items()}
    kind.save_lora_weights(file.parent, transformer_lora_layers=layers, weight_name=file.name)
    return file


def strengthen(module: torch.nn.Module, part: str, factor: float) -> None:
    """Multiply the weights of a part, so that a random model's pictures show what it is told."""
    for name, weight in module.named_parameters():
        if part in name:
            weight.data *= factor


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


def tiny_qwen3_config() -> Qwen3Config:
    return Qwen3Config(**TINY_QWEN, head_dim=16)


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


def gemma_tokenizer() -> GemmaTokenizer:
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    letters = ["\u2581", *map(chr, range(33, 127)), "\n"]
    return GemmaTokenizer(vocab={token: index for index, token in enumerate([*special, *letters])}, merges=[])
