"""A training run turned into what ships: a plain diffusers folder in half precision, with its hashes.

The CLIP model beside it is written by `matching`, the card by hand.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline

from engine.models.files.vocabulary import VOCABULARY
from engine.starter.sample import Components
from engine.starter.weights import record_weights
from engine.starter.world.words import subjects

_VOCABULARY = """\
# All that the model can paint, in the words of its captions: each subject with its other names.
paints = "simple shapes"
examples = ["a red circle", "two stars at night"]
"""


def save_components(components: Components, folder: Path) -> None:
    """Write `components` to `folder` so that stock StableDiffusionPipeline.from_pretrained(folder) paints with them."""
    pipeline = StableDiffusionPipeline(
        vae=components.autoencoder,
        text_encoder=components.text_encoder,
        tokenizer=components.tokenizer,
        unet=components.denoiser,
        scheduler=components.schedule,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.to(dtype=torch.float16)
    pipeline.save_pretrained(folder)
    pipeline.to(dtype=torch.float32)
    open_in_single(folder / "text_encoder")
    save_vocabulary(folder)
    record_weights(folder)


def save_vocabulary(folder: Path) -> None:
    """Write all that the model can paint into `folder`, so that the prompt language can tell members."""
    words = "".join(f"{json.dumps(name)} = {json.dumps(others)}\n" for name, others in subjects().items())
    (folder / VOCABULARY).write_text(f"{_VOCABULARY}\n[words]\n{words}")


def open_in_single(folder: Path) -> None:
    """Make transformers open the half-precision weights in `folder` in single precision, as diffusers does its own."""
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"dtype": "float32"}, indent=2, sort_keys=True) + "\n")
