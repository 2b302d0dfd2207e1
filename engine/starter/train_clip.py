"""Training of the CLIP model that ships with the pipeline: an image tower for the starter's own, frozen text encoder.

Contrastive learning (Radford et al. 2021) with the text tower locked, on 128 x 128 renders and their captions.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import (
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPProcessor,
    CLIPTextModel,
    CLIPTokenizer,
    CLIPVisionConfig,
)

from engine.starter.examples import pixels_from_pictures, tokens_from_captions
from engine.starter.package import open_in_single
from engine.starter.world import caption_from_scene, scene_from_seed

_TOWER = {"hidden_size": 128, "intermediate_size": 512, "num_hidden_layers": 4, "num_attention_heads": 4}


def new_clip(text_encoder: CLIPTextModel) -> CLIPModel:
    """Return a CLIP model with the frozen weights of `text_encoder` and an untrained image tower."""
    vision = CLIPVisionConfig(image_size=128, patch_size=16, projection_dim=128, **_TOWER)
    text = text_encoder.config.to_dict()
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision.to_dict(), projection_dim=128))
    copy_text_tower(text_encoder, model)
    return model


def copy_text_tower(text_encoder: CLIPTextModel, model: CLIPModel) -> None:
    """Copy the weights of `text_encoder` to the text tower of `model`, and freeze it."""
    own = text_encoder.state_dict()
    target = model.text_model.state_dict()
    bare = {name.removeprefix("text_model."): value for name, value in own.items()}
    model.text_model.load_state_dict({name: bare[name] for name in target})
    model.text_model.requires_grad_(False)


class CaptionedPictures:
    """The 128 x 128 renders of shards, with captions made from their seeds."""

    def __init__(self, shards: Iterable[Path]) -> None:
        files = [shard / "128x128.npy" for shard in shards]
        self.pictures = [np.load(file, mmap_mode="r") for file in files]
        self.seeds = [np.load(file.with_suffix(".seeds.npy")) for file in files]

    def draw(self, tokenizer: CLIPTokenizer, size: int, rng: random.Random) -> tuple[torch.Tensor, torch.Tensor]:
        """Return a batch of pixels and of the tokens of one complete caption each.

        Pixels are float32 [size, 3, 128, 128], -1 to 1; tokens are int64 [size, MAX_TOKENS].
        """
        pixels, captions = [], []
        for _ in range(size):
            shard = rng.randrange(len(self.pictures))
            row = rng.randrange(len(self.seeds[shard]))
            scene = scene_from_seed(int(self.seeds[shard][row]))
            pixels.append(self.pictures[shard][row])
            captions.append(caption_from_scene(scene, rng.randrange(100), complete=True))
        return pixels_from_pictures(np.stack(pixels)), tokens_from_captions(tokenizer, captions)


def train_clip(
    model: CLIPModel,
    tokenizer: CLIPTokenizer,
    pairs: CaptionedPictures,
    *,
    steps: int,
    batch: int = 64,
    rate: float = 1e-3,
) -> Iterator[float]:
    """Train the image tower and both projections, and yield the loss of each step."""
    rng = random.Random(steps)
    trainable = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=rate, betas=(0.9, 0.98), weight_decay=0.01)
    lr_scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.1)
    model.train()
    for _ in range(steps):
        loss = _contrastive_loss(model, *pairs.draw(tokenizer, batch, rng))
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(trainable, 1.0)
        optimizer.step()
        lr_scheduler.step()
        with torch.no_grad():
            model.logit_scale.clamp_(max=4.6)
        yield loss.item()
    model.eval()


def _contrastive_loss(model: CLIPModel, pixels: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """Return the symmetric cross-entropy over similarities [n, n] (Radford et al. 2021, figure 3)."""
    logits = model(input_ids=tokens, pixel_values=pixels).logits_per_image
    rows = torch.arange(len(pixels))
    return (nn.functional.cross_entropy(logits, rows) + nn.functional.cross_entropy(logits.T, rows)) / 2


@torch.no_grad()
def top1_accuracy(
    model: CLIPModel, tokenizer: CLIPTokenizer, pairs: CaptionedPictures, *, batches: int = 10, size: int = 50
) -> float:
    """Return the share of pictures whose own caption scores highest among `size`, 0 to 1."""
    rng = random.Random(7)
    hits = 0
    for _ in range(batches):
        pixels, tokens = pairs.draw(tokenizer, size, rng)
        logits = model(input_ids=tokens, pixel_values=pixels).logits_per_image
        hits += int((logits.argmax(1) == torch.arange(size)).sum())
    return hits / (batches * size)


def save_clip(model: CLIPModel, tokenizer: CLIPTokenizer, folder: Path) -> None:
    """Write the CLIP model as float16, with its processor, to `folder`."""
    half = [0.5, 0.5, 0.5]
    size = {"height": 128, "width": 128}
    images = CLIPImageProcessorPil(size={"shortest_edge": 128}, crop_size=size, image_mean=half, image_std=half)
    model.half().save_pretrained(folder)
    CLIPProcessor(images, tokenizer).save_pretrained(folder)
    open_in_single(folder)
    model.float()
