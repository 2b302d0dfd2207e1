"""Teaching the text encoder other orders of words: the loss falls, and no other weights change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from transformers import CLIPTextModel

from engine.starter import WEIGHTS
from engine.starter.examples import pixels_from_pictures
from engine.starter.sample import Components, components_from_folder
from engine.starter.train_text import SquareScenes, train_text
from engine.starter.world import picture_from_scene, scene_from_seed


@torch.no_grad()
def _scenes(components: Components) -> SquareScenes:
    scenes = [scene_from_seed(seed, side=(128, 128)) for seed in range(8)]
    pixels = pixels_from_pictures(np.stack([np.asarray(picture_from_scene(scene)) for scene in scenes]))
    latents = components.autoencoder.encode(pixels).latent_dist.mean
    return SquareScenes(seeds=np.arange(len(scenes)), latents=latents.half())


def _total(module: torch.nn.Module) -> float:
    return sum(float(weight.double().sum()) for weight in module.parameters())


def test_the_text_encoder_comes_nearer_to_what_captions_say() -> None:
    """The loss falls over a few steps, and the denoiser stays as it is."""
    components = components_from_folder(WEIGHTS)
    text_encoder = CLIPTextModel.from_pretrained(WEIGHTS / "text_encoder").float()
    mine = replace(components, text_encoder=text_encoder)
    before = _total(mine.denoiser), _total(mine.text_encoder)
    losses = list(train_text(mine, _scenes(components), steps=12, batch=8))
    assert _total(mine.denoiser) == before[0]
    assert _total(mine.text_encoder) != before[1]
    assert np.mean(losses[-4:]) < np.mean(losses[:4])
