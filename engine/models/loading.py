"""Weights off the disk: a diffusers pipeline on its device, from a folder, a single file or the hub's cache.

Only safetensors are opened; nothing is downloaded here (`places.fetch` does that).
"""

from __future__ import annotations

import inspect
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import diffusers
import torch
from safetensors import SafetensorError

from engine.contract.errors import ModelBroken, WeightsMismatch, WeightsMissing
from engine.models.offloading import settle
from engine.models.places import config_of, place_of
from engine.models.registry import Model
from engine.models.weights import check_whole, hash_of


@dataclass(frozen=True, kw_only=True)
class Device:
    """Where models are painted with, and in which numbers."""

    device: torch.device
    dtype: torch.dtype


def best_device() -> Device:
    """Return CUDA in bfloat16 when there is one, else the CPU in float32.

    Plain CPUs run bfloat16 convolutions hundreds of times slower: reference/performance.md, section 5.
    """
    if torch.cuda.is_available():
        return Device(device=torch.device("cuda"), dtype=torch.bfloat16)
    return Device(device=torch.device("cpu"), dtype=torch.float32)


def budget_of(device: Device) -> int:
    """Return the bytes that weights may take: four fifths of a card's memory, or half of the machine's."""
    if device.device.type == "cuda":
        return torch.cuda.get_device_properties(device.device).total_memory * 4 // 5
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def pipeline_of(model: Model, device: Device, budget_bytes: int | None = None) -> tuple[Any, str]:
    """Return the model's diffusers pipeline on its device, and the hash of its files.

    budget_bytes: what its weights may take there; parts of a larger model are there only while they are used.

    Raises: WeightsMissing, WeightsMismatch for files other than those recorded, ModelBroken for another family.
    """
    place = place_of(model)
    check_whole(place)
    sha256 = hash_of(place)
    if model.sha256 is not None and model.sha256 != sha256:
        raise WeightsMismatch(path=place)
    pipe = _opened(model, place, device)
    settle(pipe, device.device, budget_bytes)
    if device.device.type == "cpu":
        _own_memory(pipe)
    return pipe, sha256


def _opened(model: Model, place: Path, device: Device) -> Any:
    if place.is_file() and not model.family.has_single_files:
        cause = f"a model of family {model.family.name} is a diffusers folder, and this is a single file"
        raise ModelBroken(name=model.name, cause=cause)
    kind = getattr(diffusers, _class_name(model, place))
    try:
        if place.is_file():
            config = str(config_of(model))
            return kind.from_single_file(str(place), config=config, dtype=device.dtype, local_files_only=True)
        return kind.from_pretrained(
            str(place), dtype=device.dtype, use_safetensors=True, local_files_only=True, **_no_checker(kind)
        )
    except torch.OutOfMemoryError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise ModelBroken(name=model.name, cause=f"{type(error).__name__}: {error}") from error


def _no_checker(kind: Any) -> dict[str, Any]:
    """Return what keeps a pipeline that has a safety checker from loading it."""
    settings = {"safety_checker": None, "requires_safety_checker": False}
    return settings if "safety_checker" in inspect.signature(kind.__init__).parameters else {}


def _class_name(model: Model, place: Path) -> str:
    """Return the pipeline class; a folder must name one of its registered family."""
    if place.is_file():
        return model.family.pipelines[0]
    index = place / "model_index.json"
    if not index.exists():
        raise WeightsMissing(path=index)
    try:
        name = str(json.loads(index.read_text(encoding="utf-8"))["_class_name"])
    except (ValueError, KeyError, TypeError) as error:
        raise ModelBroken(name=model.name, cause=f"its model_index.json cannot be read: {error}") from error
    if name not in model.family.pipelines:
        raise ModelBroken(
            name=model.name, cause=f"its folder holds a {name}, which is not of family {model.family.name}"
        )
    return name


def _own_memory(pipe: Any) -> None:
    """Copy weights that are mapped from files, so that a file changed on disk does not change a loaded model."""
    for part in pipe.components.values():
        if isinstance(part, torch.nn.Module):
            for weight in (*part.parameters(), *part.buffers()):
                weight.data = weight.data.clone()
