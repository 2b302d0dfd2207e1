"""Every transformer family can be steered by a CLIP: gradients flow through its decoder."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine.contract.jobs import Part
from engine.models.registry.clips import GuidingClip
from engine.models.registry.registry import Registry, read_registry
from engine.painter.sampling.steering import Steering
from engine.starter import WEIGHTS
from tests.engine.painter.families.test_transformers import KINDS, loaded_model, save_transformers
from tests.sharing import made_once


@pytest.fixture(scope="module")
def registry(shared_folder: Path) -> Registry:
    return read_registry(made_once(shared_folder / "transformers", save_transformers) / "registry.toml")


@pytest.mark.parametrize("name", list(KINDS))
def test_a_decoded_estimate_can_be_steered_by_a_clip(registry: Registry, name: str) -> None:
    """What it is to be moved by leads through the decoder of the family, in the loop's own mode."""
    loaded = loaded_model(registry.model(name))
    clip = GuidingClip(name=name, folder=WEIGHTS / "clip", sha256=None)
    with torch.inference_mode():
        words = loaded.clip_words(clip, (Part(text="a red circle", weight=1.0),))
        estimate = torch.randn(1, *loaded.latent_shape(48, 32), generator=torch.Generator().manual_seed(5))
        steering = Steering(clip=clip, words=words, scale=1.0)
        gradient = loaded.clip_gradient(estimate.to(loaded.dtype), steering, 0)
    assert gradient.shape == estimate.shape and gradient.isfinite().all() and gradient.abs().max() > 0
    assert loaded.has_loaded([clip])
