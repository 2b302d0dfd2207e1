"""Loads a diffusers pipeline onto its device, from a folder, a single file or the Hub's cache.

Opens only safetensors and downloads nothing; `locate.fetch` does.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import diffusers
import torch

from engine.contract.errors import ModelBroken, WeightsMissing
from engine.models.files.locate import config_path, local_path
from engine.models.files.saved_scheduler import SavedScheduler
from engine.models.files.scheduler_check import check_scheduler, scheduler_of
from engine.models.files.selection import INDEX, UNUSED
from engine.models.files.verify import verified_hash
from engine.models.files.weights import ProgressCallback, ignore_progress
from engine.models.loading.device import Device
from engine.models.loading.errors import translated_errors
from engine.models.loading.fp8 import quantize_linears
from engine.models.loading.offload import is_offloaded, move_to_device
from engine.models.registry.registry import Model
from engine.models.registry.speed import Precision

_SAID_BY_FILES = ("prediction_type", "rescale_betas_zero_snr")


def load_pipeline(
    model: Model, device: Device, budget_bytes: int | None = None, on_progress: ProgressCallback = ignore_progress
) -> tuple[Any, str]:
    """Return the model's diffusers pipeline on its device, and the hash of its files.

    budget_bytes: bytes that its weights can take on the device; larger models are offloaded. None for no limit.
    on_progress: called while the files are hashed, which takes most of the time for a large model on a slow disk.

    Raises: WeightsMissing, WeightsMismatch for files that do not match the recorded hash, ModelBroken for another
    family or an incomplete pipeline, SpeedUnsupported if the device does not support the model's precision.
    """
    place = local_path(model)
    kind = _pipeline_class(model, place)
    saved = scheduler_of(model, place)
    if saved is not None:
        check_scheduler(model, saved)
    sha256 = verified_hash(model, place, on_progress)
    with translated_errors(model.name):
        pipe = _open(kind, model, place, device)
        if saved is not None:
            _apply_scheduler_settings(pipe, saved)
    if model.speed.precision is Precision.FP8:
        quantize_linears(denoiser_of(pipe), model.name, device.device)
    if device.device.type == "cpu" or is_offloaded(pipe, budget_bytes):
        _copy_mapped_weights(pipe)
    move_to_device(pipe, device.device, budget_bytes)
    return pipe, sha256


def denoiser_of(pipe: Any) -> Any:
    """Return the denoiser of a pipeline: its UNet or its transformer."""
    return getattr(pipe, "unet", None) or pipe.transformer


def _open(kind: Any, model: Model, place: Path, device: Device) -> Any:
    if place.is_file():
        config = str(config_path(model))
        return kind.from_single_file(str(place), config=config, dtype=device.dtype, local_files_only=True)
    return kind.from_pretrained(
        str(place),
        dtype=device.dtype,
        variant=model.source.variant,
        use_safetensors=True,
        local_files_only=True,
        **_without_unused(kind),
    )


def _apply_scheduler_settings(pipe: Any, saved: SavedScheduler) -> None:
    """Set what a single file says of its prediction, which diffusers 0.42 does not read."""
    config = pipe.scheduler.config
    changed = {name: value for name, value in saved.settings.items() if name in _SAID_BY_FILES and value is not None}
    pipe.scheduler.register_to_config(**{name: value for name, value in changed.items() if config.get(name) != value})


def _without_unused(kind: Any) -> dict[str, Any]:
    """Return the arguments that keep a pipeline from loading the parts that Easel does not use."""
    settings = {**dict.fromkeys(UNUSED), "requires_safety_checker": False}
    return {name: settings[name] for name in settings.keys() & inspect.signature(kind.__init__).parameters.keys()}


def _pipeline_class(model: Model, place: Path) -> Any:
    """Return the pipeline class; a folder must name one of the registered family."""
    name = model.family.pipelines[0] if place.is_file() else _class_name(model, place / INDEX)
    if place.is_file() and not model.family.has_single_files:
        cause = f"models of family {model.family.name} must be a diffusers folder, not a single file"
        raise ModelBroken(name=model.name, cause=cause)
    if name not in model.family.pipelines:
        cause = f"its folder contains a {name}, which is not of family {model.family.name}"
        raise ModelBroken(name=model.name, cause=cause)
    return getattr(diffusers, name)


def _class_name(model: Model, index: Path) -> str:
    try:
        return str(json.loads(index.read_text(encoding="utf-8"))["_class_name"])
    except FileNotFoundError as error:
        raise WeightsMissing(path=index) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelBroken(name=model.name, cause=f"cannot read its {INDEX}: {error}") from error


def _copy_mapped_weights(pipe: Any) -> None:
    """Copy weights out of memory-mapped files, so that a file changed on disk does not change a loaded model."""
    for part in pipe.components.values():
        if isinstance(part, torch.nn.Module):
            for weight in (*part.parameters(), *part.buffers()):
                weight.data = weight.data.clone()
