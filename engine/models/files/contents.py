"""What a single file contains, by the names of its tensors; opens none of them.

Names are those of the models' original code, which communities share. Source: `single_file_utils`, diffusers 0.42.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

_UNET = ("model.diffusion_model.",)
_VAE = ("first_stage_model.", "vae.")
_CLIP_L = ("text_encoders.clip_l.transformer.",)
_CLIP_G = ("text_encoders.clip_g.transformer.",)
_T5 = ("text_encoders.t5xxl.transformer.",)
_SD = {"unet": _UNET, "vae": _VAE, "text_encoder": ("cond_stage_model.transformer.", "cond_stage_model.model.")}

# By family and part, the beginnings of its tensors' names; transformers are also shared without the first of theirs.
_PREFIXES: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "sd1": _SD,
        "sd2": _SD,
        "sdxl": {
            "unet": _UNET,
            "vae": _VAE,
            "text_encoder": ("conditioner.embedders.0.transformer.",),
            "text_encoder_2": ("conditioner.embedders.1.model.",),
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
    "unet": "U-Net",
    "vae": "VAE",
    "text_encoder": "text encoder",
    "text_encoder_2": "second text encoder",
    "text_encoder_3": "third text encoder",
}
# Ends of the names that libraries give to the scales and tables of quantized weights.
_OF_QUANTIZED = (
    "scaled_fp8",
    "scale_weight",
    "scale_input",
    "weight_scale",
    "weight_scale_inv",
    "input_scale",
    "absmax",
    "quant_map",
    "bitsandbytes__nf4",
    "bitsandbytes__fp4",
    "qweight",
    "qzeros",
)


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
    others = [other for other in _PREFIXES if not _missing(other, names)]
    advice = (
        f"It is of family {' or '.join(others)}"
        if others
        else "Register a file that has all parts, or a diffusers folder"
    )
    listed = " and ".join(f"no {_PART_NAMES.get(part, part)} ({part})" for part in sorted(missing))
    return f"has {listed}. {advice}"


def quantized_tensor(names: Iterable[str]) -> str | None:
    """Return the first tensor, if any, without which others mean something else than their numbers say."""
    return next((name for name in names if name.rpartition(".")[2] in _OF_QUANTIZED), None)


def _missing(family: str, names: Collection[str]) -> set[str]:
    prefixes = _PREFIXES.get(family, {})
    return {part for part, starts in prefixes.items() if not any(name.startswith(starts) for name in names)}
