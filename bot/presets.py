"""Styles that come with Easel: what `--photo` and the like stand for in a prompt, for every member."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from engine.prompt import Limits, PromptDefaults

PRESETS: Mapping[str, str] = {
    "photo": "photograph, natural light, shallow depth of field",
    "cinematic": "film still, dramatic light, anamorphic lens",
    "anime": "anime illustration, clean lines, flat colours",
    "comic": "comic book panel, bold ink outlines, halftone",
    "watercolour": "watercolour painting, soft washes on rough paper",
    "oil-painting": "oil painting, thick visible brushstrokes",
    "pencil": "pencil drawing, fine hatching on white paper",
    "pixel-art": "pixel art, limited palette",
    "low-poly": "low poly 3d render, soft studio light",
}

STYLE_PARAMETERS = ("raw",)
"""Parameters without a value that the option `style` of a command may name as well."""

_PARAMETER = re.compile(r"(?:^|\s)(?:--|—)[^\W\d_]")


def with_presets(defaults: PromptDefaults) -> PromptDefaults:
    """Return the same with the presets as custom options, which options of the same name go before."""
    return replace(defaults, options={**PRESETS, **defaults.options})


def may_use_presets(limits: Limits) -> bool:
    """Return whether some model here knows the words of the presets: not one that paints a few things alone."""
    return not limits.models or any(model.vocabulary is None for model in limits.models)


def style_name(style: str) -> str:
    """Return the name of the preset or custom option that the option of the command means."""
    return style.strip().lstrip("-—").strip().lower()


def with_style(prompt: str, style: str) -> str:
    """Return the prompt with the preset or custom option before its first parameter, because words may follow none.

    style: as `style_name` returns it.
    """
    first = _PARAMETER.search(prompt)
    place = first.start() if first else len(prompt)
    return f"{prompt[:place]} --{style} {prompt[place:].lstrip()}".strip()
