#!/usr/bin/env bash
# diffusers 0.42.1 with transformers 5.23.0 and torch 2.13.0, seen 2026-11-30.
#
# Lumina2Pipeline took two lines over from pipelines whose latents are patches, [batch, patches, features], and its own
# are [batch, channels, height, width]. So where a scheduler shifts by size (use_dynamic_shifting), it is told the
# number of channels in place of the number of patches: all sizes get one shift. And guidance is rescaled to the norm
# of the conditional prediction over the last axis, which here are the latents of one row of the picture in one
# channel: each row is scaled by itself, so that a row in which the two predictions differ much is scaled otherwise
# than its neighbours. Nothing is logged.
#
# Output seen:
#   32 x 32 pixels: shift 0.4573; 256 x 256 pixels: shift 0.4573
#   rescaled rows of one picture differ by a factor of 1.3
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check diffusers==0.42.1 transformers==5.23.0 torch==2.13.0
venv/bin/python - 2>/dev/null <<'PYTHON'
import sys

import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, Lumina2Pipeline, Lumina2Transformer2DModel

torch.manual_seed(0)
transformer = Lumina2Transformer2DModel(
    sample_size=8, in_channels=4, hidden_size=16, num_layers=1, num_refiner_layers=1, num_attention_heads=1,
    num_kv_heads=1, multiple_of=8, axes_dim_rope=(4, 6, 6), axes_lens=(64, 64, 64), cap_feat_dim=8,
)


class Recorder(FlowMatchEulerDiscreteScheduler):
    def set_timesteps(self, *args, sigmas=None, mu=None, **kwargs):
        shifts.append(mu)
        return super().set_timesteps(*args, sigmas=sigmas, mu=mu, **kwargs)

    def step(self, prediction, *args, **kwargs):
        predictions.append(prediction)
        return super().step(prediction, *args, **kwargs)


shifts, predictions = [], []
pipe = Lumina2Pipeline(
    transformer=transformer, scheduler=Recorder(use_dynamic_shifting=True), vae=AutoencoderKL(norm_num_groups=1,
    block_out_channels=(4,)), text_encoder=None, tokenizer=None,
)
pipe.set_progress_bar_config(disable=True)
mask = torch.ones(1, 3, dtype=torch.long)
texts = {
    "prompt_embeds": torch.randn(1, 3, 8) * 50, "prompt_attention_mask": mask,
    "negative_prompt_embeds": torch.randn(1, 3, 8) * 50, "negative_prompt_attention_mask": mask,
}


def predicted(side, **settings):
    predictions.clear()
    pipe(**texts, width=side, height=side, num_inference_steps=1, output_type="latent",
         generator=torch.Generator().manual_seed(1), **settings)
    return predictions[0]


predicted(32)
whole = predicted(256, guidance_scale=8.0)
plain = predicted(256, guidance_scale=8.0, cfg_normalization=False)
factors = (whole / plain).nanmedian(dim=-1).values
spread = float(factors.max() / factors.min())
print(f"32 x 32 pixels: shift {shifts[0]:.4f}; 256 x 256 pixels: shift {shifts[1]:.4f}")
print(f"rescaled rows of one picture differ by a factor of {spread:.1f}")
same_in_a_row = torch.allclose(whole, plain * factors[..., None], rtol=1e-3, atol=1e-5)
sys.exit(shifts[0] != shifts[1] or spread < 1.02 or not same_in_a_row)
PYTHON
