"""What a single file contains, by the names of its tensors; opens none of them.

Names are those of the models' original code, which communities share. Source: `single_file_utils`, diffusers 0.42.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Set
from types import MappingProxyType
from typing import Any

_UNET = tuple(f"model.diffusion_model.{block}." for block in ("input_blocks", "middle_block", "output_blocks", "out"))
_VAE = ("first_stage_model.", "vae.")
_CLIP_L = ("text_encoders.clip_l.transformer.",)
_CLIP_G = ("text_encoders.clip_g.transformer.",)
_T5 = ("text_encoders.t5xxl.transformer.",)
# Programs that save parts of their own write those of CLIP as for Stable Diffusion 3, whatever the family.
_SD = {
    "unet": _UNET,
    "vae": _VAE,
    "text_encoder": ("cond_stage_model.transformer.", "cond_stage_model.model.", *_CLIP_L, *_CLIP_G),
}

# By family and part, the beginnings of its tensors' names; transformers are also shared without the first of theirs.
_PREFIXES: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "sd1": _SD,
        "sd2": _SD,
        "sdxl": {
            "unet": _UNET,
            "vae": _VAE,
            "text_encoder": ("conditioner.embedders.0.transformer.", *_CLIP_L),
            "text_encoder_2": ("conditioner.embedders.1.model.", *_CLIP_G),
        },
        "sd3": {
            "transformer": ("model.diffusion_model.joint_blocks.", "joint_blocks."),
            "vae": _VAE,
            "text_encoder": _CLIP_L,
            "text_encoder_2": _CLIP_G,
            "text_encoder_3": _T5,
        },
        "flux": {
            "transformer": ("model.diffusion_model.double_blocks.", "double_blocks."),
            "vae": _VAE,
            "text_encoder": _CLIP_L,
            "text_encoder_2": _T5,
        },
    }
)
_PART_NAMES = {
    "transformer": "transformer",
    "unet": "U-Net",
    "vae": "VAE",
    "text_encoder": "text encoder",
    "text_encoder_2": "second text encoder",
    "text_encoder_3": "third text encoder",
}
# What files have that are one part alone, in the names of the original code, of diffusers and of transformers.
_ALONE: tuple[tuple[str, tuple[str, ...]], ...] = (
    # First, because those of CLIP can begin as those of a transformer do.
    (
        "text_encoder",
        (
            "text_model.",
            "transformer.text_model.",
            "transformer.resblocks.",
            "embeddings.token_embedding.",
            "encoder.layers.",
            "encoder.block.",
            "token_embedding.",
            "model.embed_tokens.",
        ),
    ),
    ("unet", ("input_blocks.", "output_blocks.", "time_embed.", "down_blocks.", "up_blocks.", "mid_block.", "unet.")),
    ("transformer", ("transformer_blocks.", "single_transformer_blocks.", "transformer.")),
    ("vae", ("decoder.up", "encoder.down", "decoder.mid", "encoder.mid", "decoder.conv_", "quant_conv.")),
)
_NO_MODELS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("control_model.", "controlnet_", "input_hint_block.", "zero_convs."), "a ControlNet, which is not supported"),
    (("image_proj.", "ip_adapter."), "an IP-Adapter, which goes under [ip_adapters.NAME]"),
    (("emb_params", "string_to_param."), "an embedding (textual inversion), which is not supported"),
    (("body.", "conv_first.", "params_ema."), "an upscaler, which is not supported"),
)
_OF_ADAPTERS = re.compile(r"lora|\.(?:lokr|hada|oft)_")
_ADVICE = "Register a file that has all parts, or a diffusers folder"
# Ends of the names that libraries give to the scales and tables of quantized weights.
_OF_QUANTIZED = (
    "scaled_fp8",
    "scale_weight",
    "scale_input",
    "weight_scale",
    "weight_scale_2",
    "weight_scale_inv",
    "wscales",
    "input_scale",
    "absmax",
    "comfy_quant",
    "quant_map",
    "bitsandbytes__nf4",
    "bitsandbytes__fp4",
    "qweight",
    "qzeros",
)
# Dtypes of a safetensors header whose numbers are the weights themselves, if no other tensor scales them.
_FLOATS = frozenset({"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"})


def problem_with(family: str, parts: Iterable[str], names: Collection[str]) -> str | None:
    """Return why a single file cannot be painted with, as the end of a sentence that starts with the file, or None.

    family: the family that it is registered for. parts: the parts of its pipeline, those without weights included.
    names: of all its tensors.
    """
    if (scale := quantized_tensor(names)) is not None:
        return f"has quantized weights (its tensor {scale} scales others). Use a file with weights in 16 or 32 bits"
    missing = _missing(family, names) & set(parts)
    if not missing:
        return None
    if (alone := _described(family, missing, names)) is not None:
        return alone
    others = [other for other in _PREFIXES if not _missing(other, names)]
    advice = f"It is of family {' or '.join(others)}" if others else _ADVICE
    listed = " and ".join(f"no {_PART_NAMES.get(part, part)} ({part})" for part in sorted(missing))
    return f"has {listed}. {advice}"


def _described(family: str, missing: Set[str], names: Collection[str]) -> str | None:
    """Return what a file is that is no model, or only one part of a model under names without its prefix."""
    if 2 * sum(_OF_ADAPTERS.search(name) is not None for name in names) > len(names):
        return "is an adapter (LoRA), not a model. Register it as [adapters.NAME]"
    if any(name.startswith(starts) for starts in _all_prefixes() for name in names):
        return None
    for starts, what in _NO_MODELS:
        if any(name.startswith(starts) for name in names):
            return f"is {what}"
    for part, starts in _ALONE:
        if any(name.startswith(starts) for name in names):
            lacking = sorted(other for other in missing if other.partition("_2")[0].partition("_3")[0] != part)
            listed = " and ".join(f"the {_PART_NAMES[other]} ({other})" for other in lacking)
            return f"is the {_PART_NAMES[part]} alone: it lacks {listed}. {_ADVICE}"
    return None


def _all_prefixes() -> Iterable[tuple[str, ...]]:
    return (starts for parts in _PREFIXES.values() for starts in parts.values())


def quantized_tensor(names: Iterable[str]) -> str | None:
    """Return the first tensor, if any, without which others mean something else than their numbers say."""
    return next((name for name in names if name.rpartition(".")[2] in _OF_QUANTIZED), None)


def quantized_weight(header: Mapping[str, Any]) -> str | None:
    """Return the first weight, if any, in a safetensors header that is of whole numbers or others that stand for some.

    Loading would take such numbers for the weights themselves.
    """
    weights = (name for name in header if name.endswith((".weight", ".bias")))
    return next((name for name in weights if header[name]["dtype"] not in _FLOATS), None)


def _missing(family: str, names: Collection[str]) -> set[str]:
    prefixes = _PREFIXES.get(family, {})
    return {part for part, starts in prefixes.items() if not any(name.startswith(starts) for name in names)}
