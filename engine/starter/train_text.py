"""Teaches the text encoder any order of words: from it the denoiser shall predict what it does from a caption.

No noise is in the target, so that a few hundred steps suffice where training on noise takes thousands. The idea is that
of distillation (Hinton et al. 2015), with one scene's two texts in place of two models.

Measured on 2026-11-30 with 900 steps on 5,600 scenes, 100 pictures of single objects each: shape, colour and background
together went from 58 to 81 % in word orders that are taught, from 35 to 78 % in those held out, and from 97 to 95 % for
captions. So what ships was not made by it; what is missing is a denoiser that learns along.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import CLIPTokenizer

from engine.starter.architecture import new_scheduler
from engine.starter.examples import tokens_from_captions
from engine.starter.sample import Components
from engine.starter.world import caption_from_scene, phrasing_from_scene, scene_from_seed

_SIDE = "128x128"
_KEPT_SHARE = 0.25
_EARLIEST = 0.3
_TEXTS_EACH = 1000


@dataclass(frozen=True, kw_only=True)
class SquareScenes:
    """Seeds of 128 x 128 scenes and their latents, float16 [n, 6, 16, 16]."""

    seeds: np.ndarray
    latents: torch.Tensor


def square_scenes(shards: Sequence[Path]) -> SquareScenes:
    """Return the square scenes of encoded shards."""
    seeds = [np.load(shard / f"{_SIDE}.seeds.npy") for shard in shards]
    latents = [
        next(part for part, _, _ in torch.load(shard / "examples.pt") if part.shape[2:] == (16, 16)) for shard in shards
    ]
    return SquareScenes(seeds=np.concatenate(seeds), latents=torch.cat(latents))


def train_text(
    components: Components, scenes: SquareScenes, *, steps: int, batch: int = 32, rate: float = 1e-3, seed: int = 0
) -> Iterator[float]:
    """Train the text encoder of `components` in place and yield each step's loss.

    The loss is mean (D(x_t, t, E(phrasing)) - D(x_t, t, E_0(caption)))^2, where x_t = alpha_t x + sigma_t e are noisy
    latents, D is the denoiser and E_0 the encoder as it came. A quarter of the rows keeps its caption, so that what is
    known is not forgotten. Timesteps are drawn evenly from 300 to 999, since the text decides little below them.
    """
    rng, noise_rng = random.Random(seed), torch.Generator().manual_seed(seed)
    teacher, pupil = copy.deepcopy(components.text_encoder).eval(), components.text_encoder.train()
    components.denoiser.requires_grad_(False)
    signal = new_scheduler().alphas_cumprod
    optimizer = torch.optim.AdamW(pupil.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=0.0)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = rate * min(1.0, (step + 1) / 50) * max(0.02, 1 - step / steps)
        rows = [rng.randrange(len(scenes.seeds)) for _ in range(batch)]
        said, known = _texts(components.tokenizer, [int(scenes.seeds[row]) for row in rows], rng)
        timesteps = _timesteps(batch, len(signal), noise_rng)
        latents = scenes.latents[rows].float()
        noise = torch.randn(latents.shape, generator=noise_rng)
        alpha = signal[timesteps][:, None, None, None]
        noisy = alpha.sqrt() * latents + (1 - alpha).sqrt() * noise
        with torch.no_grad():
            target = components.denoiser(noisy, timesteps, teacher(known).last_hidden_state).sample
        predicted = components.denoiser(noisy, timesteps, pupil(said).last_hidden_state).sample
        loss = nn.functional.mse_loss(predicted, target)
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(pupil.parameters(), 1.0)
        optimizer.step()
        yield loss.item()
    pupil.eval()


def _texts(tokenizer: CLIPTokenizer, seeds: Sequence[int], rng: random.Random) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the tokens of phrasings, and those of complete captions that say as much, int64 [n, MAX_TOKENS] each."""
    scenes = [scene_from_seed(seed) for seed in seeds]
    known = [caption_from_scene(scene, rng.randrange(_TEXTS_EACH), complete=True) for scene in scenes]
    said = [
        caption if rng.random() < _KEPT_SHARE else phrasing_from_scene(scene, rng.randrange(_TEXTS_EACH), complete=True)
        for scene, caption in zip(scenes, known, strict=True)
    ]
    return tokens_from_captions(tokenizer, said), tokens_from_captions(tokenizer, known)


def _timesteps(count: int, steps: int, rng: torch.Generator) -> torch.Tensor:
    """Return timesteps, int64 [count], one from each of `count` equal parts of the range."""
    spread = (torch.arange(count) + torch.rand(count, generator=rng)) / count
    return ((_EARLIEST + (1 - _EARLIEST) * spread) * steps).long().clamp(max=steps - 1)
