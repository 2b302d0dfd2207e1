"""A recipe as the text that other tools read from a picture's file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from engine.contract.samplers import SAMPLERS


def parameters_text(recipe: Mapping[str, Any]) -> str:
    """Return the recipe in the format that AUTOMATIC1111 writes into PNG files."""
    sampler, schedule = SAMPLERS[recipe["sampler"]].a1111
    release = f"easel, diffusers {recipe['libraries']['diffusers']}"
    facts = {
        "Steps": recipe["steps"],
        "Sampler": sampler,
        "Schedule type": schedule,
        "CFG scale": f"{recipe['guidance']:g}",
        "Seed": recipe["seed"],
        "Size": f"{recipe['width']}x{recipe['height']}",
        "Model hash": recipe["model_sha256"][:10],
        "Model": recipe["model"],
        **_control_facts(recipe.get("control")),
        **({"Frames": recipe["film"]["frames"], "FPS": recipe["film"]["fps"]} if "film" in recipe else {}),
        **({} if recipe["strength"] is None else {"Denoising strength": f"{recipe['strength']:g}"}),
    }
    lines = [
        _positive_text(recipe),
        _negative_text(recipe),
        ", ".join([*(f"{name}: {_quoted(str(fact))}" for name, fact in facts.items()), f"Version: {release}"]),
    ]
    return "\n".join(line for line in lines if line is not None)


def _control_facts(control: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the ControlNet as the extension sd-webui-controlnet names it."""
    return {"ControlNet 0": f"Model: {control['name']}, Weight: {control['weight']:g}"} if control else {}


def _quoted(fact: str) -> str:
    """Return a value as AUTOMATIC1111 writes it: as a JSON string if a comma, colon or quote would be misread.

    Source: `quote` in `modules/infotext_utils.py` of stable-diffusion-webui.
    """
    is_plain = not fact.startswith('"') and not any(sign in fact for sign in ",:\n")
    return fact if is_plain else json.dumps(fact, ensure_ascii=False)


def _positive_text(recipe: Mapping[str, Any]) -> str:
    """Return the parts in A1111's syntax: joined with AND, each with its weight, when there are several."""
    parts = recipe["positive"]
    adapters = "".join(f" <lora:{name}:{weight:g}>" for name, weight in recipe["loras"])
    if len(parts) == 1:
        return _as_words(parts[0]["text"]) + adapters
    return " AND ".join(f"{_as_words(part['text'])} :{part['weight']:.4g}" for part in parts) + adapters


def _as_words(text: str) -> str:
    """Return a text in which other programs see no adapter, part or negative prompt where the painter saw words."""
    text = re.sub(r"(?i:(negative prompt)):", r"\1 :", re.sub(r"<(?=\w+:)", "< ", text))
    return re.sub(r"(?<!\w)(AND|BREAK)(?!\w)", lambda match: match[0].lower(), text)


def _negative_text(recipe: Mapping[str, Any]) -> str | None:
    parts = recipe["negative"]
    return "Negative prompt: " + ", ".join(_as_words(part["text"]) for part in parts) if parts else None


def enlarged_text(source: str, recipe: Mapping[str, Any], factor: float) -> str:
    """Return the text of a picture that was made larger: that of its source, and how.

    source: the source's own text, which may be empty. recipe: of `enlarged_recipe`.
    Source: the names of the facts are those of stable-diffusion-webui's upscaling of single pictures.
    """
    facts = f"Postprocess upscale by: {factor:g}, Postprocess upscaler: {_quoted(recipe['upscaler']['name'])}"
    return f"{source}, {facts}" if source else facts
