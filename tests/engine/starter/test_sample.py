"""The shipped model in stock diffusers and in composed guidance: what is painted for good, bad and weighted prompts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image

from engine.starter import WEIGHTS
from engine.starter.metrics import colour_share, mean_distance
from engine.starter.sample import (
    Components,
    ComposedPrompt,
    Concept,
    components_from_folder,
    normalized,
    pictures_from_prompts,
    prompt_from_caption,
)


@pytest.fixture(scope="module")
def stock() -> StableDiffusionPipeline:
    """The folder as anybody opens it."""
    pipeline = StableDiffusionPipeline.from_pretrained(WEIGHTS)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@pytest.fixture(scope="module")
def parts() -> Components:
    """The folder as the evaluation opens it."""
    return components_from_folder(WEIGHTS)


def _painted(stock: StableDiffusionPipeline, prompt: str, **settings: object) -> Image.Image:
    seeded = torch.Generator().manual_seed(11)
    size = {"height": 128, "width": 128, "num_inference_steps": 3} | settings
    picture: Image.Image = stock(prompt, generator=seeded, **size).images[0]
    return picture


BAD = {"empty": "", "long": "red " * 200, "emoji": "🦊🎨", "script": "красный круг 狐狸", "unknown": "xyzzy qwrtz"}


@pytest.mark.parametrize("prompt", BAD.values(), ids=BAD.keys())
def test_any_prompt_gives_a_picture(stock: StableDiffusionPipeline, prompt: str) -> None:
    """Stock diffusers paints something finite and not black for prompts nobody trained for."""
    seeded = torch.Generator().manual_seed(1)
    pixels = stock(prompt, height=128, width=128, num_inference_steps=2, generator=seeded, output_type="np").images[0]
    assert pixels.shape == (128, 128, 3)
    assert np.isfinite(pixels).all()
    assert pixels.max() > 0


def test_other_aspect_ratios_are_painted(stock: StableDiffusionPipeline) -> None:
    """Width and height are what was asked."""
    assert _painted(stock, "a red circle", height=112, width=160).size == (160, 112)


def test_the_same_seed_gives_the_same_bytes(stock: StableDiffusionPipeline) -> None:
    """Painting twice is painting once."""
    assert _painted(stock, "a red circle").tobytes() == _painted(stock, "a red circle").tobytes()


def test_stock_diffusers_and_composed_guidance_agree(stock: StableDiffusionPipeline, parts: Components) -> None:
    """One concept under composed guidance is plain classifier-free guidance."""
    ours = pictures_from_prompts(parts, [prompt_from_caption("a blue star")], [11], steps=3, guidance=4.0)[0]
    theirs = _painted(stock, "a blue star", guidance_scale=4.0)
    assert np.abs(np.asarray(ours, dtype=int) - np.asarray(theirs, dtype=int)).max() <= 2


def test_weights_are_shares() -> None:
    """Weights are divided by their sum, negative ones included."""
    prompt = normalized(ComposedPrompt(concepts=(Concept(text="a", weight=2.0), Concept(text="b", weight=-0.5))))
    assert [part.weight for part in prompt.concepts] == pytest.approx([4 / 3, -1 / 3])


def test_colours_are_painted_as_asked(parts: Components) -> None:
    """Red pictures are red and blue ones blue, by a wide margin."""
    red, blue = (
        pictures_from_prompts(
            parts, [prompt_from_caption(f"a large {colour} circle on a white background")] * 4, range(4)
        )
        for colour in ("red", "blue")
    )
    assert sum(colour_share(picture, "red") for picture in red) > 5 * sum(
        colour_share(picture, "red") for picture in blue
    )
    assert sum(colour_share(picture, "blue") for picture in blue) > 5 * sum(
        colour_share(picture, "blue") for picture in red
    )


def test_the_pictures_of_a_grid_differ(parts: Components) -> None:
    """Four seeds are four pictures."""
    grid = pictures_from_prompts(parts, [prompt_from_caption("a red star")] * 4, range(4), steps=6)
    assert mean_distance(grid) > 0.03
