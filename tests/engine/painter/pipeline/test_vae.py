"""From latents to pixels, rounding for rounding as the stock pipelines do it."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.painter.pipeline.vae import bytes_from_unit, pictures_from_latents

MEAN, DEVIATION = (0.1, -0.2, 0.3), (1.7, 0.7, 1.3)


@dataclass(frozen=True, kw_only=True)
class ClearDecoder:
    """A VAE in bfloat16 whose latents are its pictures, so that what is done to them before decoding shows."""

    config: Any
    dtype: torch.dtype = field(default=torch.bfloat16)

    def decode(self, latents: Tensor, return_dict: bool) -> tuple[Tensor]:
        assert latents.dtype == self.dtype and not return_dict
        return (latents,)


@pytest.mark.parametrize(
    ("config", "decoded"),
    [
        ({"scaling_factor": 0.41}, lambda given: given / 0.41),
        ({"scaling_factor": 0.36, "shift_factor": 0.12}, lambda given: given / 0.36 + 0.12),
        (
            {"latents_mean": MEAN, "latents_std": DEVIATION},
            lambda given: (
                given / (1.0 / given.new_tensor(DEVIATION)).view(3, 1, 1) + given.new_tensor(MEAN).view(3, 1, 1)
            ),
        ),
    ],
    ids=["sana", "z-image", "qwen-image"],
)
def test_latents_are_scaled_in_the_dtype_of_the_decoder(config: dict[str, float], decoded: Any) -> None:
    """As the pipelines named here scale them: cast first, then divided, then moved."""
    latents = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(1)) * 0.2
    pictures = pictures_from_latents(ClearDecoder(config=SimpleNamespace(**config)), latents)
    assert torch.equal(pictures, bytes_from_unit(decoded(latents.bfloat16()) / 2 + 0.5))
