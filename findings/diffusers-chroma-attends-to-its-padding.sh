#!/usr/bin/env bash
# diffusers 0.42.1 with transformers 5.23.0 and torch 2.13.0, seen 2026-11-30.
#
# Chroma was trained with the padding of its texts masked out but for one token, and ChromaPipeline makes that mask.
# It makes it of floating point numbers, 1 and 0, and torch's attention takes numbers for something to add to its
# logits: what is to be left out gets 0, and what is to be attended to gets 1. So nothing is left out; tokens of the
# text count e times as much as padding, of which there are hundreds. The same mask as booleans does leave the padding
# out, and gives another prediction. Nothing is logged.
#
# Output seen:
#   mask torch.float32 [1.0, 1.0, 1.0, 1.0, 0.0, 0.0]
#   other padding changes the prediction by 0.0331 with the pipeline's mask, by 0.0000 with booleans
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check diffusers==0.42.1 transformers==5.23.0 torch==2.13.0
venv/bin/python - 2>/dev/null <<'PYTHON'
import sys

import torch
from diffusers import AutoencoderKL, ChromaPipeline, ChromaTransformer2DModel, FlowMatchEulerDiscreteScheduler
from transformers import T5Config, T5EncoderModel, T5Tokenizer

LENGTH = 6
torch.manual_seed(0)
pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("\u2581", -1.0), ("a", -2.0)]
text = T5Config(vocab_size=8, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2)
transformer = ChromaTransformer2DModel(
    in_channels=4, num_layers=1, num_single_layers=1, attention_head_dim=8, num_attention_heads=1,
    joint_attention_dim=8, axes_dims_rope=(2, 2, 4), approximator_num_channels=8, approximator_hidden_dim=8,
    approximator_layers=1,
)
pipe = ChromaPipeline(
    transformer=transformer, scheduler=FlowMatchEulerDiscreteScheduler(), text_encoder=T5EncoderModel(text),
    tokenizer=T5Tokenizer(vocab=pieces, extra_ids=0), vae=AutoencoderKL(block_out_channels=(4,), norm_num_groups=1),
)
embeds, text_ids, mask, *_ = pipe.encode_prompt("a", do_classifier_free_guidance=False, max_sequence_length=LENGTH)
print("mask", mask.dtype, mask[0].tolist())
whole = pipe._prepare_attention_mask(1, 4, torch.float32, mask)
other = torch.where(mask[..., None] > 0, embeds, torch.randn_like(embeds) * 10)
patches, ids = torch.randn(1, 4, 4), torch.zeros(4, 3)


@torch.no_grad()
def predicted(tokens, attention_mask):
    return transformer(
        hidden_states=patches, encoder_hidden_states=tokens, timestep=torch.tensor([0.5]), img_ids=ids,
        txt_ids=text_ids, attention_mask=attention_mask, return_dict=False,
    )[0]


asked, meant = (float((predicted(embeds, it) - predicted(other, it)).abs().max()) for it in (whole, whole.bool()))
print(f"other padding changes the prediction by {asked:.4f} with the pipeline's mask, by {meant:.4f} with booleans")
sys.exit(mask.dtype != torch.float32 or asked < 1e-4 or meant > 1e-6)
PYTHON
