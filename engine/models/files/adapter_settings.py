"""Checks what an adapter's metadata says to peft: where it is there, tensors are loaded as it says, not as they are."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from engine.models.files.json_files import object_from, shown
from engine.models.files.lora_layouts import PARTS, Modules, Shape, is_down, is_lora, part_and_module
from engine.models.files.weights import tensors_of

KEY = "lora_adapter_metadata"
_BIASES = ("none", "all", "lora_only")
_FLAGS = ("use_rslora", "use_dora")


def settings_problem(header: Mapping[str, Any], base: Mapping[str, Modules]) -> str | None:
    """Return what is wrong with the metadata in an adapter's header, or None.

    base: the weights of the model, by part.
    """
    metadata = header.get("__metadata__") or {}
    odd = next((key for key, value in metadata.items() if not isinstance(value, str)), None)
    if odd is not None:
        return f"its metadata {odd} is {shown(metadata[odd])}, which must be a string"
    try:
        settings = adapter_settings(header)
    except ValueError as error:
        told = "it is not JSON" if isinstance(error, json.JSONDecodeError) else str(error)
        return f"its metadata {KEY} is damaged: {told}"
    if KEY not in metadata:
        return None
    shapes = dict(tensors_of(header))
    problems = _problems(settings, _ranks(shapes, base), has_magnitudes=any(map(_is_magnitude, shapes)))
    return next((f"its metadata {KEY} {problem}" for problem in problems), None)


def adapter_settings(header: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the metadata in an adapter's header says to peft, by part and name, such as `unet.r`; often nothing.

    Raises: ValueError if it is no JSON object.
    """
    text = (header.get("__metadata__") or {}).get(KEY)
    return {} if text is None else object_from(text.encode("utf-8", "surrogatepass"))


def _ranks(shapes: Mapping[str, Shape], base: Mapping[str, Modules]) -> Mapping[str, set[int]]:
    """Return the ranks of the layers in each part that the adapter changes."""
    ranks: dict[str, set[int]] = {}
    for name, shape in shapes.items():
        if is_lora(name) and is_down(name) and shape:
            part = part_and_module(name, base)[0]
            if part is not None:
                ranks.setdefault(part, set()).add(shape[0])
    return ranks


def _problems(settings: Mapping[str, Any], ranks: Mapping[str, set[int]], *, has_magnitudes: bool) -> Iterator[str]:
    parts: dict[str, dict[str, Any]] = {}
    for key, value in settings.items():
        part, _, name = key.partition(".")
        parts.setdefault(part, {})[name] = value
    for part in PARTS:
        if part in ranks and part not in parts:
            yield f"says nothing about the {part}, which has layers in the file"
        elif part in parts:
            yield from (f"sets {part}.{told}" for told in _problems_of_part(parts[part], ranks.get(part, set())))
            if parts[part].get("use_dora") and not has_magnitudes:
                yield f"sets {part}.use_dora to true, but the file has no magnitudes of DoRA"


def _problems_of_part(settings: Mapping[str, Any], ranks: set[int]) -> Iterator[str]:
    rank, pattern = settings.get("r", 8), settings.get("rank_pattern", {})
    if not _is_whole(rank):
        yield f"r to {shown(rank)}, which must be a whole number over 0"
    elif not isinstance(pattern, dict) or not all(map(_is_whole, pattern.values())):
        yield f"rank_pattern to {shown(pattern)}, which must be whole numbers over 0 by layer"
    elif odd := ranks - {rank, *pattern.values()}:
        yield f"r to {shown(rank)}, but there are layers of rank {min(odd)}"
    if not _is_number(settings.get("lora_alpha", 8)):
        yield f"lora_alpha to {shown(settings['lora_alpha'])}, which must be a number"
    alphas = settings.get("alpha_pattern", {})
    if not isinstance(alphas, dict) or not all(map(_is_number, alphas.values())):
        yield f"alpha_pattern to {shown(alphas)}, which must be numbers by layer"
    if settings.get("bias", "none") not in _BIASES:
        yield f"bias to {shown(settings['bias'])}, which must be {' or '.join(_BIASES)}"
    dropout = settings.get("lora_dropout", 0.0)
    if not (_is_number(dropout) and 0 <= dropout <= 1):
        yield f"lora_dropout to {shown(dropout)}, which must be a number from 0 to 1"
    for name in _FLAGS:
        if not isinstance(settings.get(name, False), bool):
            yield f"{name} to {shown(settings[name])}, which must be true or false"
    targets = settings.get("target_modules")
    is_list = isinstance(targets, list) and all(isinstance(target, str) for target in targets)
    if not targets or not (isinstance(targets, str) or is_list):
        yield f"target_modules to {shown(targets)}, which must be the names of layers"


def _is_magnitude(name: str) -> bool:
    return "lora_magnitude_vector" in name


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
