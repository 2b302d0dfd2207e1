"""The CLIP model beside the pipeline: an image tower taught to agree with the starter's own, frozen text encoder.

Locked-text contrastive learning (Radford et al. 2021, with one tower fixed) on rendered squares of 128 and captions.
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


def new_matcher(text_encoder: CLIPTextModel) -> CLIPModel:
    """A CLIP model with the weights of `text_encoder`, which do not learn, and a fresh image tower."""
    vision = CLIPVisionConfig(image_size=128, patch_size=16, projection_dim=128, **_TOWER)
    text = text_encoder.config.to_dict()
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision.to_dict(), projection_dim=128))
    copy_text(text_encoder, model)
    return model


def copy_text(text_encoder: CLIPTextModel, model: CLIPModel) -> None:
    """Give the text tower of `model` the weights of `text_encoder`, and keep it from learning."""
    own = text_encoder.state_dict()
    target = model.text_model.state_dict()
    bare = {name.removeprefix("text_model."): value for name, value in own.items()}
    model.text_model.load_state_dict({name: bare[name] for name in target})
    model.text_model.requires_grad_(False)


class Pairs:
    """Rendered squares of 128 and their seeds, from the shards given."""

    def __init__(self, shards: Iterable[Path]) -> None:
        files = [shard / "128x128.npy" for shard in shards]
        self.pictures = [np.load(file, mmap_mode="r") for file in files]
        self.seeds = [np.load(file.with_suffix(".seeds.npy")) for file in files]

    def draw(self, tokenizer: CLIPTokenizer, size: int, dice: random.Random) -> tuple[torch.Tensor, torch.Tensor]:
        """A batch of pixels and of the tokens of one complete caption each."""
        pixels, captions = [], []
        for _ in range(size):
            shard = dice.randrange(len(self.pictures))
            row = dice.randrange(len(self.seeds[shard]))
            scene = scene_from_seed(int(self.seeds[shard][row]))
            pixels.append(self.pictures[shard][row])
            captions.append(caption_from_scene(scene, dice.randrange(100), complete=True))
        return pixels_from_pictures(np.stack(pixels)), tokens_from_captions(tokenizer, captions)


def train_matcher(
    model: CLIPModel, tokenizer: CLIPTokenizer, pairs: Pairs, *, steps: int, batch: int = 64, rate: float = 1e-3
) -> Iterator[float]:
    """Teach the image tower and the two projections, yielding each step's loss."""
    dice = random.Random(steps)
    learning = [weight for weight in model.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(learning, lr=rate, betas=(0.9, 0.98), weight_decay=0.01)
    course = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.1)
    model.train()
    for _ in range(steps):
        loss = _disagreement(model, *pairs.draw(tokenizer, batch, dice))
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(learning, 1.0)
        optimiser.step()
        course.step()
        with torch.no_grad():
            model.logit_scale.clamp_(max=4.6)
        yield loss.item()
    model.eval()


def _disagreement(model: CLIPModel, pixels: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    logits = model(input_ids=tokens, pixel_values=pixels).logits_per_image
    rows = torch.arange(len(pixels))
    return (nn.functional.cross_entropy(logits, rows) + nn.functional.cross_entropy(logits.T, rows)) / 2


@torch.no_grad()
def top_one(model: CLIPModel, tokenizer: CLIPTokenizer, pairs: Pairs, *, batches: int = 10, size: int = 50) -> float:
    """The share of pictures whose own caption is the likeliest of `size`."""
    dice = random.Random(7)
    hits = 0
    for _ in range(batches):
        pixels, tokens = pairs.draw(tokenizer, size, dice)
        logits = model(input_ids=tokens, pixel_values=pixels).logits_per_image
        hits += int((logits.argmax(1) == torch.arange(size)).sum())
    return hits / (batches * size)


def ship_matcher(model: CLIPModel, tokenizer: CLIPTokenizer, folder: Path) -> None:
    """Write the whole CLIP model and its processor to `folder`, in half precision."""
    half = [0.5, 0.5, 0.5]
    size = {"height": 128, "width": 128}
    images = CLIPImageProcessorPil(size={"shortest_edge": 128}, crop_size=size, image_mean=half, image_std=half)
    model.half().save_pretrained(folder)
    CLIPProcessor(images, tokenizer).save_pretrained(folder)
    open_in_single(folder)
    model.float()
