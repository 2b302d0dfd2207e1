#!/usr/bin/env bash
# diffusers 0.42.1 with torch 2.13.0, seen 2026-11-30.
#
# AuraFlow has learnt one embedding for each place of a square of patches, as a flat list. For a smaller picture the
# transformer takes the middle of the square. It does not look whether a picture is wider than the square, and then
# counts on past the ends of the rows: patches at the left and right edge get the positions of the rows above and
# below, so that two patches share one. Nothing is raised or logged; only pictures that are also too high fail, with an
# index that is out of range. Stable Diffusion 3, whose table is cropped alike, raises a ValueError for both.
#
# Output seen:
#   4 x 4 places, picture of 2 rows and 6 columns: row 0 takes 3 to 8, row 1 takes 7 to 12
#   places used twice: [7, 8]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check diffusers==0.42.1 torch==2.13.0
venv/bin/python - 2>/dev/null <<'PYTHON'
import sys
from collections import Counter

import torch
from diffusers import AuraFlowTransformer2DModel

transformer = AuraFlowTransformer2DModel(
    sample_size=4, patch_size=1, num_mmdit_layers=1, num_single_dit_layers=1, attention_head_dim=8,
    num_attention_heads=1, joint_attention_dim=8, caption_projection_dim=8, pos_embed_max_size=16,
)
height, width = 2, 6
taken = transformer.pos_embed.pe_selection_index_based_on_dim(height, width).view(height, width)
first, second = taken.tolist()
print(f"4 x 4 places, picture of {height} rows and {width} columns:", end=" ")
print(f"row 0 takes {first[0]} to {first[-1]}, row 1 takes {second[0]} to {second[-1]}")
twice = [place for place, count in Counter(taken.flatten().tolist()).items() if count > 1]
print("places used twice:", twice)
with torch.no_grad():
    painted = transformer(torch.randn(1, 4, height, width), torch.randn(1, 3, 8), torch.tensor([0.5])).sample
sys.exit(not twice or painted.shape != (1, 4, height, width))
PYTHON
