"""What all models of a family have in common: pipeline class, sizes, samplers and defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from engine.contract.samplers import SAMPLERS
from engine.models.registry.ability_sets import (
    ADAPTER_ABILITY,
    ATTENTION,
    COMMON_ABILITIES,
    CONTROL_ABILITY,
    FILM_ABILITIES,
)
from engine.models.registry.toml_values import TomlReader

DIFFUSION_SAMPLERS = tuple(SAMPLERS)

MAX_STEPS_BY_SAMPLER = MappingProxyType(
    {name: sampler.max_steps for name, sampler in SAMPLERS.items() if sampler.max_steps is not None}
)

# Maximum values in the models file: pixels of a side, steps (the maximum of --steps), guidance scale.
MAX_SIDE = 16_384
MAX_STEPS = 150
MAX_GUIDANCE = 50.0


@dataclass(frozen=True, kw_only=True)
class Family:
    """One kind of model.

    pipelines: the diffusers classes that a folder of this family can name in its `model_index.json`.
    side: side of the square that the family was trained on, in pixels.
    granularity: width and height can only be multiples of this many pixels: the side that its decoder makes of one
        latent, or of one patch of latents for a denoiser that uses patches.
    multiple: width and height are multiples of this many pixels unless the models file sets another value.
    max_side: the largest width and height, in pixels, unless the models file sets another; None for twice `side`.
    trained_squares: sides, in pixels, of the squares whose `trained_sizes` its models support; empty if they support
        any multiple.
    steps, sampler: the default number of steps and sampler.
    guidance: the default guidance scale; 1 means no unconditional row.
    latent_statistics: the settings of a VAE's configuration that move or scale latents, beside `scaling_factor`, and
        that its pipelines read. Source: diffusers 0.42.
    is_flow: whether the model predicts the velocity of a rectified flow.
    has_embedded_guidance: whether the guidance scale is an input of the model, which then needs no unconditional row.
    has_single_files: whether diffusers reads all parts from a single `.safetensors` file; otherwise only folders.
    has_fixed_text_length: whether every text is cut or padded to the same number of tokens, as compilation requires.
    has_ip_adapters: whether its models can use IP-Adapters.
    only_animates: whether its models read no texts, and make films of pictures and nothing else.
    has_half_precision: whether all parts but the decoder work in 16-bit floats, in which its weights are published.
    abilities: what its models support, as in the prompt language's parameter table.
    """

    name: str
    pipelines: tuple[str, ...]
    side: int
    granularity: int
    multiple: int
    steps: int
    guidance: float
    sampler: str
    samplers: tuple[str, ...]
    max_side: int | None = None
    trained_squares: tuple[int, ...] = ()
    latent_statistics: frozenset[str] = frozenset()
    is_flow: bool = False
    has_embedded_guidance: bool = False
    has_single_files: bool = True
    has_fixed_text_length: bool = True
    has_ip_adapters: bool = False
    only_animates: bool = False
    has_half_precision: bool = False
    abilities: frozenset[str] = COMMON_ABILITIES | ATTENTION | ADAPTER_ABILITY


_BY_CHANNEL = frozenset({"latents_mean", "latents_std"})
_SHIFTED = frozenset({"shift_factor"})


def _diffusion(
    name: str,
    pipelines: tuple[str, ...],
    side: int,
    guidance: float,
    latent_statistics: frozenset[str] = frozenset(),
    *,
    more_abilities: frozenset[str] = frozenset(),
) -> Family:
    return Family(
        name=name,
        pipelines=pipelines,
        side=side,
        granularity=8,
        multiple=64,
        steps=30,
        guidance=guidance,
        sampler="dpmpp-2m",
        samplers=DIFFUSION_SAMPLERS,
        latent_statistics=latent_statistics,
        has_ip_adapters=True,
        has_half_precision=True,
        abilities=COMMON_ABILITIES | ATTENTION | ADAPTER_ABILITY | more_abilities,
    )


_INPAINT = "StableDiffusionInpaintPipeline"
_SD1 = ("StableDiffusionPipeline", "LatentConsistencyModelPipeline", _INPAINT)
_SDXL = ("StableDiffusionXLPipeline", "StableDiffusionXLInpaintPipeline")

_ALL = (
    _diffusion("sd1", _SD1, 512, 7.5, more_abilities=CONTROL_ABILITY),
    _diffusion("sd2", ("StableDiffusionPipeline", _INPAINT), 768, 7.5),
    _diffusion("sdxl", _SDXL, 1024, 6.0, _BY_CHANNEL, more_abilities=CONTROL_ABILITY),
    Family(
        name="sd3",
        pipelines=("StableDiffusion3Pipeline",),
        side=1024,
        granularity=16,
        multiple=16,
        steps=28,
        guidance=4.5,
        sampler="euler",
        samplers=("euler", "heun", "dpmpp-2m"),
        latent_statistics=_SHIFTED,
        is_flow=True,
    ),
    Family(
        name="flux",
        pipelines=("FluxPipeline",),
        side=1024,
        granularity=16,
        multiple=16,
        steps=28,
        guidance=3.5,
        sampler="euler",
        samplers=("euler", "dpmpp-2m"),
        latent_statistics=_SHIFTED,
        is_flow=True,
        has_embedded_guidance=True,
    ),
    Family(
        name="flux2-klein",
        pipelines=("Flux2KleinPipeline",),
        side=1024,
        granularity=16,
        multiple=16,
        steps=4,
        guidance=1.0,
        sampler="euler",
        samplers=("euler",),
        is_flow=True,
        has_single_files=False,
        abilities=COMMON_ABILITIES | ADAPTER_ABILITY,
    ),
    Family(
        name="chroma",
        pipelines=("ChromaPipeline",),
        side=1024,
        granularity=16,
        multiple=16,
        steps=35,
        guidance=5.0,
        sampler="euler",
        samplers=("euler", "dpmpp-2m"),
        latent_statistics=_SHIFTED,
        is_flow=True,
        has_single_files=False,
        abilities=COMMON_ABILITIES | ATTENTION | ADAPTER_ABILITY,
    ),
    Family(
        name="auraflow",
        pipelines=("AuraFlowPipeline",),
        side=1024,
        max_side=1536,
        granularity=16,
        multiple=16,
        steps=50,
        guidance=3.5,
        sampler="euler",
        samplers=("euler", "heun", "dpmpp-2m"),
        is_flow=True,
        has_single_files=False,
    ),
    Family(
        name="lumina2",
        pipelines=("Lumina2Pipeline",),
        side=1024,
        granularity=16,
        multiple=16,
        steps=30,
        guidance=4.0,
        sampler="euler",
        samplers=("euler", "dpmpp-2m"),
        latent_statistics=_SHIFTED,
        is_flow=True,
        has_single_files=False,
        has_fixed_text_length=False,
        abilities=COMMON_ABILITIES | ADAPTER_ABILITY,
    ),
    Family(
        name="pixart",
        pipelines=("PixArtAlphaPipeline", "PixArtSigmaPipeline"),
        side=1024,
        granularity=16,
        multiple=16,
        trained_squares=(256, 512, 1024, 2048),
        steps=20,
        guidance=4.5,
        sampler="dpmpp-2m",
        samplers=DIFFUSION_SAMPLERS,
        has_single_files=False,
        abilities=COMMON_ABILITIES | ATTENTION,
    ),
    Family(
        name="sana",
        pipelines=("SanaPipeline",),
        side=1024,
        granularity=32,
        multiple=32,
        trained_squares=(512, 1024, 2048, 4096),
        steps=20,
        guidance=4.5,
        sampler="dpmpp-2m",
        samplers=("dpmpp-2m", "euler", "heun"),
        is_flow=True,
        has_single_files=False,
        abilities=COMMON_ABILITIES | ADAPTER_ABILITY,
    ),
    Family(
        name="qwen-image",
        pipelines=("QwenImagePipeline",),
        side=1328,
        granularity=16,
        multiple=16,
        steps=50,
        guidance=4.0,
        sampler="euler",
        samplers=("euler",),
        latent_statistics=_BY_CHANNEL,
        is_flow=True,
        has_single_files=False,
        has_fixed_text_length=False,
        abilities=COMMON_ABILITIES | ADAPTER_ABILITY,
    ),
    Family(
        name="z-image",
        pipelines=("ZImagePipeline",),
        has_single_files=False,
        side=1024,
        granularity=16,
        multiple=16,
        steps=9,
        guidance=1.0,
        sampler="euler",
        samplers=("euler",),
        latent_statistics=_SHIFTED,
        is_flow=True,
        has_fixed_text_length=False,
        abilities=COMMON_ABILITIES | ADAPTER_ABILITY,
    ),
    Family(
        name="svd",
        pipelines=("StableVideoDiffusionPipeline",),
        # The square of the area of 1024 x 576, which it was trained on.
        side=768,
        granularity=8,
        multiple=64,
        steps=25,
        guidance=3.0,
        sampler="euler",
        samplers=("euler",),
        has_single_files=False,
        has_fixed_text_length=False,
        only_animates=True,
        abilities=FILM_ABILITIES,
    ),
)

FAMILIES = MappingProxyType({family.name: family for family in _ALL})


def family_from_table(table: Mapping[str, Any], section: str, reader: TomlReader) -> Family | None:
    """Return the family that a table names; None, with a problem added to `reader`, where there is none."""
    name = reader.required_choice(table, "family", section, tuple(FAMILIES))
    return None if name is None else FAMILIES[name]
