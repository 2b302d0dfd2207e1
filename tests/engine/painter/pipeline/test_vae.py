"""From latents to pixels, rounding for rounding as the stock pipelines do it."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from diffusers import Flux2KleinPipeline
from torch import Tensor

from engine.painter.pipeline.vae import bytes_from_unit, latents_from_pictures, pictures_from_latents
from tests.engine.painter.qwen_checkpoints import tiny_patched_autoencoder

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


def test_a_vae_with_statistics_of_four_latents_together_gets_back_what_it_encoded() -> None:
    """As the stock image-to-image pipelines of Flux.2 encode: patches first, and then their statistics."""
    torch.manual_seed(0)
    vae = tiny_patched_autoencoder().eval()
    pictures = torch.rand(2, 3, 32, 48) * 2 - 1
    with torch.inference_mode():
        latents = latents_from_pictures(vae, pictures, torch.Generator().manual_seed(1))
        own = vae.encode(pictures).latent_dist.sample(torch.Generator().manual_seed(1))
        patches = Flux2KleinPipeline._patchify_latents(own)
        mean, variance = (one.view(1, -1, 1, 1) for one in (vae.bn.running_mean, vae.bn.running_var))
        expected = (patches - mean) / torch.sqrt(variance + vae.config.batch_norm_eps)
        decoded = bytes_from_unit(vae.decode(own).sample / 2 + 0.5)
        assert latents.shape == (2, 16, 4, 6)
        assert torch.allclose(latents, expected, atol=1e-6)
        assert (pictures_from_latents(vae, latents).int() - decoded.int()).abs().max() <= 1
