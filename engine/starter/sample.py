"""Paints with the starter's parts alone: composed guidance over weighted concepts, without the painter.

The evaluation and the trainer's contact sheets use it; jobs use the painter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DPMSolverMultistepScheduler, UNet2DConditionModel
from PIL import Image
from transformers import CLIPTextModel, CLIPTokenizer

from engine.starter.examples import tokens_from_captions

STEPS = 16
GUIDANCE = 4.0


@dataclass(frozen=True, kw_only=True)
class Concept:
    """One part of a prompt and its weight, which can be negative; the weights of a prompt add up to more than 0."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True)
class ComposedPrompt:
    """The prompt of one picture: its concepts, and the text of the unconditional row."""

    concepts: tuple[Concept, ...]
    negative: str = ""


def prompt_from_caption(caption: str) -> ComposedPrompt:
    """Return the prompt with the caption as its only concept."""
    return ComposedPrompt(concepts=(Concept(text=caption),))


def normalized(prompt: ComposedPrompt) -> ComposedPrompt:
    """Return the prompt with its weights divided by their sum, so that they add up to 1."""
    total = sum(concept.weight for concept in prompt.concepts)
    return replace(prompt, concepts=tuple(replace(part, weight=part.weight / total) for part in prompt.concepts))


@dataclass(frozen=True, kw_only=True)
class Components:
    """The parts of a loaded starter, all in evaluation mode."""

    tokenizer: CLIPTokenizer
    text_encoder: CLIPTextModel
    denoiser: UNet2DConditionModel
    autoencoder: AutoencoderKL
    schedule: DPMSolverMultistepScheduler


def components_from_folder(folder: Path) -> Components:
    """Return the parts of a pipeline folder, in float32."""
    return Components(
        tokenizer=CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        text_encoder=CLIPTextModel.from_pretrained(folder / "text_encoder").float().eval(),
        denoiser=UNet2DConditionModel.from_pretrained(folder / "unet").float().eval(),
        autoencoder=AutoencoderKL.from_pretrained(folder / "vae").float().eval(),
        schedule=DPMSolverMultistepScheduler.from_pretrained(folder / "scheduler"),
    )


@torch.no_grad()
def pictures_from_prompts(
    components: Components,
    prompts: Sequence[ComposedPrompt],
    seeds: Sequence[int],
    *,
    steps: int = STEPS,
    guidance: float = GUIDANCE,
    side: tuple[int, int] = (128, 128),
) -> list[Image.Image]:
    """Return one RGB picture per prompt, from the noise of its seed.

    prompts: all with the same number of concepts. seeds: one per prompt.
    guidance: the scale g; 1 adds no guidance.
    side: width and height in pixels, multiples of 8.

    The latents are float32 [n, 6, height/8, width/8]. The guided prediction is v = v_0 + g sum_i w_i (v_i - v_0), where
    v_0 is that of the unconditional row and the w_i add up to 1. Source: Liu et al. 2022 (composable diffusion),
    equation 11, which has noise instead of velocity.
    """
    rows = _embedded(components, [normalized(prompt) for prompt in prompts])
    weights = torch.tensor([[part.weight for part in normalized(prompt).concepts] for prompt in prompts])
    latents = torch.stack([_noise(components, seed, side) for seed in seeds])
    schedule = DPMSolverMultistepScheduler.from_config(components.schedule.config)
    schedule.set_timesteps(steps)
    for timestep in schedule.timesteps:
        velocity = _guided(components, latents, timestep, rows, weights, guidance)
        latents = schedule.step(velocity, timestep, latents).prev_sample
    return _decoded(components, latents)


def _embedded(components: Components, prompts: Sequence[ComposedPrompt]) -> torch.Tensor:
    texts = [[prompt.negative, *(part.text for part in prompt.concepts)] for prompt in prompts]
    flat = [text for row in texts for text in row]
    states: torch.Tensor = components.text_encoder(tokens_from_captions(components.tokenizer, flat)).last_hidden_state
    return states.view(len(texts), len(texts[0]), *states.shape[1:])


def _noise(components: Components, seed: int, side: tuple[int, int]) -> torch.Tensor:
    shape = (components.denoiser.config.in_channels, side[1] // 8, side[0] // 8)
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _guided(
    components: Components,
    latents: torch.Tensor,
    timestep: torch.Tensor,
    rows: torch.Tensor,
    weights: torch.Tensor,
    guidance: float,
) -> torch.Tensor:
    count = rows.shape[1]
    stacked = latents.repeat_interleave(count, dim=0)
    out = components.denoiser(stacked, timestep, rows.flatten(0, 1)).sample.view(
        len(latents), count, *latents.shape[1:]
    )
    base, conditional = out[:, :1], out[:, 1:]
    guided: torch.Tensor = base[:, 0] + guidance * (weights[:, :, None, None, None] * (conditional - base)).sum(1)
    return guided


def _decoded(components: Components, latents: torch.Tensor) -> list[Image.Image]:
    pictures: list[Image.Image] = []
    for latent in (latents / components.autoencoder.config.scaling_factor).split(16):
        pictures += _pictures_from_pixels(components.autoencoder.decode(latent).sample)
    return pictures


def _pictures_from_pixels(pixels: torch.Tensor) -> list[Image.Image]:
    levels = ((pixels / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8)
    return [Image.fromarray(level.numpy()) for level in levels.permute(0, 2, 3, 1)]


@torch.no_grad()
def reconstructed(components: Components, pixels: torch.Tensor) -> list[Image.Image]:
    """Return pixels, float32 [n, 3, h, w], -1 to 1, as RGB pictures after encoding and decoding them.

    The latents are the mean of the encoder's distribution, float32 [n, 6, h/8, w/8].
    """
    return _pictures_from_pixels(
        components.autoencoder.decode(components.autoencoder.encode(pixels).latent_dist.mean).sample
    )


def sheet_from_pictures(pictures: Sequence[Image.Image], *, columns: int) -> Image.Image:
    """Return the pictures in rows of `columns`, 2 pixels apart on white; all have the size of the first."""
    width, height = pictures[0].size
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * (width + 2), rows * (height + 2)), "white")
    for index, picture in enumerate(pictures):
        sheet.paste(picture, (index % columns * (width + 2), index // columns * (height + 2)))
    return sheet


CONTACT_PROMPTS = (
    "a red circle on a white background",
    "a blue star on a yellow background",
    "a green triangle on a black background",
    "a large orange sun at sunset",
    "a yellow moon in the night sky",
    "a white boat on the sea",
    "a brown house on grass",
    "a green tree on the left",
    "a pink heart at the top on a black background",
    "a purple fish on the right",
    "a small red flower at the bottom on a green background",
    "a white cloud on a blue background",
    "a purple mountain on a pink gradient background",
    "a black ring on a checkerboard",
    "a red square left of a blue circle",
    "a yellow star above a green house",
    "a purple fish next to an orange triangle",
    "a pink flower and a blue boat on a white background",
    "two orange diamonds on a purple background",
    "three yellow stars on a blue background",
    "four green crosses on a white background",
    "a blue heart, watercolour",
    "a red house, pixel art",
    "an outline of a blue fish on a white background",
)


def contact_sheet(components: Components, captions: Sequence[str]) -> Image.Image:
    """Return a sheet with four pictures per caption, two captions per row, painted with the default settings."""
    prompts = [prompt_from_caption(caption) for caption in captions for _ in range(4)]
    pictures: list[Image.Image] = []
    for at in range(0, len(prompts), 16):
        pictures += pictures_from_prompts(components, prompts[at : at + 16], range(at, min(at + 16, len(prompts))))
    return sheet_from_pictures(pictures, columns=8)
