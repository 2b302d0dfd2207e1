"""What is common to all models of a family: pipeline class, sizes, samplers and defaults; facts only, no weights."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

DIFFUSION_SAMPLERS = (
    "euler",
    "euler-ancestral",
    "heun",
    "dpmpp-2m",
    "dpmpp-2m-karras",
    "dpmpp-2m-sde",
    "ddim",
    "unipc",
    "lcm",
)

# What the painter can do with every model, in the words of the prompt language's table.
COMMON = frozenset({"draft", "lora", "quality", "sameseed", "sampler", "stop"})


@dataclass(frozen=True, kw_only=True)
class Family:
    """One kind of model.

    pipelines: the diffusers classes that a folder of this family may name in its `model_index.json`.
    side: pixels of the square that the family was trained on.
    multiple: both sides of a picture are multiples of this many pixels.
    guidance: the usual guidance scale; 1 paints without an unconditional row.
    is_flow: whether the model predicts the velocity of a rectified flow.
    abilities: what the painter can do with it, in the words of the prompt language's table.
    """

    name: str
    pipelines: tuple[str, ...]
    side: int
    multiple: int
    steps: int
    guidance: float
    sampler: str
    samplers: tuple[str, ...]
    is_flow: bool = False
    abilities: frozenset[str] = COMMON


def _diffusion(name: str, pipelines: tuple[str, ...], side: int, guidance: float) -> Family:
    return Family(
        name=name,
        pipelines=pipelines,
        side=side,
        multiple=64,
        steps=30,
        guidance=guidance,
        sampler="dpmpp-2m",
        samplers=DIFFUSION_SAMPLERS,
    )


def _flow(name: str, pipelines: tuple[str, ...], guidance: float) -> Family:
    return Family(
        name=name,
        pipelines=pipelines,
        side=1024,
        multiple=16,
        steps=28,
        guidance=guidance,
        sampler="euler",
        samplers=("euler",),
        is_flow=True,
    )


_ALL = (
    _diffusion("sd1", ("StableDiffusionPipeline",), 512, 7.5),
    _diffusion("sd2", ("StableDiffusionPipeline",), 768, 7.5),
    _diffusion("sdxl", ("StableDiffusionXLPipeline",), 1024, 6.0),
    _flow("sd3", ("StableDiffusion3Pipeline",), 4.5),
    _flow("flux", ("FluxPipeline",), 3.5),
)

FAMILIES = MappingProxyType({family.name: family for family in _ALL})
