#!/usr/bin/env bash
# diffusers 0.42.1 with peft 0.21.2, transformers 5.23.0 and torch 2.13.0, seen 2026-11-28.
#
# A LoRA may have been trained for any layers. Which of its tensors belong to the text encoder diffusers decides by their
# full names, but in which layout they are written it decides by certain attention layers: a LoRA of the encoder's
# feed-forward layers alone is refused with "Could not automatically infer state dict type", and one tensor pair of an
# attention projection anywhere in it makes the same file load.
#
# Output seen:
#   mlp.fc1 -> ValueError: Could not automatically infer state dict type
#   mlp.fc1, self_attn.out_proj -> loaded into 2 layers
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    diffusers==0.42.1 peft==0.21.2 transformers==5.23.0 torch==2.13.0
venv/bin/python - 2>/dev/null <<'PYTHON'
import sys

import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel


def pipeline() -> StableDiffusionPipeline:
    unet = UNet2DConditionModel(
        sample_size=8, block_out_channels=(4,), norm_num_groups=1, cross_attention_dim=8, attention_head_dim=2,
        layers_per_block=1, down_block_types=("DownBlock2D",), up_block_types=("UpBlock2D",),
    )
    text = CLIPTextConfig(vocab_size=8, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1)
    return StableDiffusionPipeline(
        vae=AutoencoderKL(block_out_channels=(4,), norm_num_groups=1), text_encoder=CLIPTextModel(text), tokenizer=None,
        unet=unet, scheduler=DDIMScheduler(), safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )


def lora(*layers: str) -> dict[str, torch.Tensor]:
    names = [f"text_encoder.text_model.encoder.layers.0.{layer}" for layer in layers]
    sides = {"lora_A": torch.ones(2, 8), "lora_B": torch.ones(8, 2)}
    return {f"{name}.{side}.weight": value.clone() for name in names for side, value in sides.items()}


def outcome(*layers: str) -> str:
    pipe = pipeline()
    try:
        pipe.load_lora_weights(lora(*layers))
    except ValueError as error:
        return f"{type(error).__name__}: {str(error)[:60]}"
    adapted = [name for name, _ in pipe.text_encoder.named_modules() if name.endswith("lora_A")]
    return f"loaded into {len(adapted)} layers"


alone, together = outcome("mlp.fc1"), outcome("mlp.fc1", "self_attn.out_proj")
print(f"mlp.fc1 -> {alone}\nmlp.fc1, self_attn.out_proj -> {together}")
sys.exit(not alone.startswith("ValueError") or together != "loaded into 2 layers")
PYTHON
