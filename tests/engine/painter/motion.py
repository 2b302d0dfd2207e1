"""A tiny random motion adapter, saved as its real counterparts are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import MotionAdapter

MAX_FRAMES = 24


def save_motion(folder: Path, *, seed: int, **more: Any) -> Path:
    """Save a motion adapter for the U-Net of a tiny checkpoint; what it adds is no zeros, as of a trained one."""
    torch.manual_seed(seed)
    shape = {
        "block_out_channels": (32, 64),
        "motion_layers_per_block": 1,
        "motion_num_attention_heads": 4,
        "motion_norm_num_groups": 8,
        "motion_max_seq_length": MAX_FRAMES,
    }
    MotionAdapter(**(shape | more)).save_pretrained(folder, safe_serialization=True)
    return folder
