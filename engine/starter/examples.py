"""Training examples of the denoiser: latents and caption tokens of rendered shards, computed once and kept on disk.

Reads the shards that `world.shards` writes; needs a trained autoencoder and tokenizer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from transformers import CLIPTokenizer

from engine.starter.architecture import LATENT_SCALE
from engine.starter.tokenizer import MAX_TOKENS
from engine.starter.world import Scene, scene_from_seed, training_text

CAPTIONS_EACH = 4
_BATCH = 32


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Scenes of one size.

    latents: float16 [n, c, h, w]. tokens: int16 [n, CAPTIONS_EACH, MAX_TOKENS].
    covered: bool [n, h, w], true where a latent is on or near an object.
    """

    latents: torch.Tensor
    tokens: torch.Tensor
    covered: torch.Tensor

    def __len__(self) -> int:
        return len(self.latents)


def pixels_from_pictures(pictures: np.ndarray) -> torch.Tensor:
    """Return uint8 [n, height, width, 3] as float32 [n, 3, height, width], -1 to 1."""
    return torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1


def tokens_from_captions(tokenizer: CLIPTokenizer, captions: list[str]) -> torch.Tensor:
    """Return token ids, int64 [n, MAX_TOKENS], truncated and padded as diffusers pipelines do."""
    rows = tokenizer(captions, padding="max_length", max_length=MAX_TOKENS, truncation=True).input_ids
    return torch.tensor(rows)


@torch.no_grad()
def write_examples(shard: Path, autoencoder: AutoencoderKL, tokenizer: CLIPTokenizer) -> Path:
    """Encode one shard, unless its file exists, and return the file."""
    target = shard / "examples.pt"
    if not target.exists():
        sides = [_examples(file, autoencoder, tokenizer) for file in _pictures(shard)]
        torch.save([(side.latents, side.tokens, side.covered) for side in sides], target.with_suffix(".partial"))
        target.with_suffix(".partial").rename(target)
    return target


def _pictures(shard: Path) -> list[Path]:
    return sorted(file for file in shard.glob("*x*.npy") if not file.name.endswith(".seeds.npy"))


def _examples(file: Path, autoencoder: AutoencoderKL, tokenizer: CLIPTokenizer) -> Examples:
    pictures = np.load(file, mmap_mode="r")
    scenes = [scene_from_seed(int(seed)) for seed in np.load(file.with_suffix(".seeds.npy"))]
    latents = [
        autoencoder.encode(pixels_from_pictures(pictures[at : at + _BATCH])).latent_dist.mean.half()
        for at in range(0, len(pictures), _BATCH)
    ]
    captions = [training_text(scene, turn) for scene in scenes for turn in range(CAPTIONS_EACH)]
    tokens = tokens_from_captions(tokenizer, captions).to(torch.int16)
    return Examples(
        latents=torch.cat(latents),
        tokens=tokens.view(len(scenes), CAPTIONS_EACH, MAX_TOKENS),
        covered=torch.stack([covered_by_objects(scene) for scene in scenes]),
    )


def covered_by_objects(scene: Scene) -> torch.Tensor:
    """Which latents [height/8, width/8] lie within a sixth of its reach of an object's square."""
    width, height = scene.width // LATENT_SCALE, scene.height // LATENT_SCALE
    down, along = torch.arange(height)[:, None] + 0.5, torch.arange(width)[None] + 0.5
    covered = torch.zeros(height, width, dtype=torch.bool)
    for object_ in scene.objects:
        reach = object_.reach * min(width, height) * 7 / 6
        covered |= ((along - object_.x * width).abs() <= reach) & ((down - object_.y * height).abs() <= reach)
    return covered


def examples_by_side(folder: Path) -> dict[tuple[int, int], Examples]:
    """Return all examples under `folder` by (height, width) of their latents."""
    found: dict[tuple[int, int], list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]] = {}
    for file in sorted(folder.glob("[0-9]*/examples.pt")):
        for latents, tokens, covered in torch.load(file):
            found.setdefault((latents.shape[2], latents.shape[3]), []).append((latents, tokens, covered))
    return {side: _joined(parts) for side, parts in found.items()}


def _joined(parts: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]) -> Examples:
    latents, tokens, covered = (torch.cat(column) for column in zip(*parts, strict=True))
    return Examples(latents=latents, tokens=tokens, covered=covered)


@dataclass(frozen=True, kw_only=True)
class Batch:
    """One caption per example, of one size: latents float32 [n, c, h, w], tokens int64 [n, MAX_TOKENS]."""

    latents: torch.Tensor
    tokens: torch.Tensor
    covered: torch.Tensor


def batches(sides: dict[tuple[int, int], Examples], size: int, rng: torch.Generator) -> Iterator[Batch]:
    """Yield endless batches of `size` examples, each of one size of latents, drawn in proportion to its examples."""
    names = list(sides)
    weights = torch.tensor([float(len(sides[name])) for name in names])
    while True:
        side = sides[names[int(torch.multinomial(weights, 1, generator=rng))]]
        rows = torch.randint(len(side), (size,), generator=rng)
        said = torch.randint(CAPTIONS_EACH, (size,), generator=rng)
        yield Batch(
            latents=side.latents[rows].float(), tokens=side.tokens[rows, said].long(), covered=side.covered[rows]
        )
