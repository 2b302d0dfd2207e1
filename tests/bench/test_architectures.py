"""The architectures of the bench have as many weights, part by part, as the checkpoints they stand for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch

from engine.models.loading.device import Device
from tests.bench.architectures import flux_dev, sd15, sdxl

NOWHERE = Device(device=torch.device("meta"), dtype=torch.bfloat16)
CLIP_L, CLIP_G, T5_XXL = 123_060_480, 694_659_840, 4_762_310_656


@pytest.mark.parametrize(
    ("build", "published"),
    [
        (sd15, {"unet": 859_520_964, "vae": 83_653_863, "text_encoder": CLIP_L}),
        (sdxl, {"unet": 2_567_463_684, "vae": 83_653_863, "text_encoder": CLIP_L, "text_encoder_2": CLIP_G}),
        (flux_dev, {"transformer": 11_901_408_320, "text_encoder": CLIP_L, "text_encoder_2": T5_XXL}),
    ],
)
def test_as_many_weights_as_published(build: Callable[[Device], Any], published: Mapping[str, int]) -> None:
    """Built without memory; a figure that is off by one block or one width shows."""
    pipe = build(NOWHERE)
    assert {name: sum(w.numel() for w in getattr(pipe, name).parameters()) for name in published} == published
    assert all(weight.dtype == torch.bfloat16 for name in published for weight in getattr(pipe, name).parameters())
