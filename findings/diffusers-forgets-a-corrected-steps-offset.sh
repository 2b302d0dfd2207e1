#!/usr/bin/env bash
# diffusers 0.42.1 with transformers 5.23.0 and torch 2.13.0, seen 2026-11-28.
#
# Files of Stable Diffusion 1 may leave `steps_offset` out of their scheduler's configuration. StableDiffusionPipeline
# corrects that to 1, with a warning, and paints right. The usual way to change the sampler afterwards,
# `Other.from_config(pipe.scheduler.config)`, loses the correction: the name is still listed among those that were
# left to their defaults, so the new scheduler takes its own default 0 and begins a timestep too low. The
# configuration that is handed over says 1 all the while, and nothing is logged.
#
# Output seen:
#   handed over 1, taken 0, first timesteps [980, 960, 940] instead of [981, 961, 941]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check diffusers==0.42.1 transformers==5.23.0 torch==2.13.0
venv/bin/python - 2>/dev/null <<'PYTHON'
import sys

from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    EulerDiscreteScheduler,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel

unet = UNet2DConditionModel(
    sample_size=8, block_out_channels=(4,), norm_num_groups=1, cross_attention_dim=8, attention_head_dim=2,
    layers_per_block=1, down_block_types=("DownBlock2D",), up_block_types=("UpBlock2D",),
)
vae = AutoencoderKL(block_out_channels=(4,), norm_num_groups=1)
text = CLIPTextConfig(vocab_size=8, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1)
pipe = StableDiffusionPipeline(
    vae=vae, text_encoder=CLIPTextModel(text), tokenizer=None, unet=unet, safety_checker=None, feature_extractor=None,
    scheduler=EulerDiscreteScheduler.from_config({"_class_name": "EulerDiscreteScheduler"}),
    requires_safety_checker=False,
)
handed_over = pipe.scheduler.config.steps_offset
swapped = DDIMScheduler.from_config(pipe.scheduler.config)
meant = DDIMScheduler.from_config({"steps_offset": handed_over})
first = []
for scheduler in (swapped, meant):
    scheduler.set_timesteps(50)
    first.append(scheduler.timesteps[:3].tolist())
print(f"handed over {handed_over}, taken {swapped.config.steps_offset}, first timesteps {first[0]} instead of {first[1]}")
sys.exit((handed_over, swapped.config.steps_offset) != (1, 0) or first[0] == first[1])
PYTHON
