"""What the metadata of a single file or an adapter asks for that Easel does not do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

# ModelSpec's and sd-scripts' names of the layer of CLIP whose output is used, counted from the last, which is 1.
_LAYER_KEYS = ("modelspec.encoder_layer", "ss_clip_skip")
# The layer that pipelines use, by family; the text encoder of SD 2 has one layer less for it.
_LAYERS = {"sd1": 1, "sd2": 1, "sdxl": 2}
_RANGE_KEY, _LAST_TIMESTEPS = "modelspec.timestep_range", (999, 1000)


def unfollowed_metadata(header: Mapping[str, Any], family: str) -> Iterator[str]:
    """Yield what the header of a safetensors file asks for in vain, each as the end of a sentence about the file."""
    metadata = header.get("__metadata__") or {}
    for key in _LAYER_KEYS:
        layer = re.fullmatch(r"\s*(\d+)\s*", str(metadata.get(key, "")))
        used = _LAYERS.get(family)
        if layer and used is not None and int(layer[1]) > used:
            yield f"its metadata {key} asks for layer {layer[1]} of CLIP (clip skip), but layer {used} is used"
    numbers = re.fullmatch(r"\s*(\d+)\s*,\s*(\d+)\s*", str(metadata.get(_RANGE_KEY, "")))
    if numbers and not (int(numbers[1]) <= 1 and int(numbers[2]) in _LAST_TIMESTEPS):
        yield f"its metadata {_RANGE_KEY} says {numbers[1]} to {numbers[2]}, but it is used at all timesteps"
