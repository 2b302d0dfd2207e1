"""Loads a diffusers pipeline onto its device, from a folder, a single file or the Hub's cache.

Opens only safetensors and downloads nothing; `locate.fetch` does.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import diffusers
import torch

from engine.contract.errors import ModelBroken, WeightsMissing
from engine.models.files.json_files import object_in, shown
from engine.models.files.locate import local_path
from engine.models.files.scheduler_check import check_scheduler, scheduler_of
from engine.models.files.selection import INDEX
from engine.models.files.verify import check_layout, verified_hash
from engine.models.files.weights import ProgressCallback, ignore_progress
from engine.models.loading.device import Device, Dtypes
from engine.models.loading.errors import translated_errors
from engine.models.loading.fp8 import quantize_linears
from engine.models.loading.offload import is_offloaded, move_to_device
from engine.models.loading.parts import load_parts
from engine.models.loading.scheduler_config import SchedulerConfig, config_as_loaded
from engine.models.loading.statistics import drop_unused_statistics
from engine.models.registry.registry import Model
from engine.models.registry.speed import Precision

# What pipelines would load or import for themselves, and Easel does not use.
_SWITCHES = ("requires_safety_checker", "add_watermarker")


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
    kind = pipeline_class(model, place)
    saved = scheduler_of(model, place)
    if saved is not None:
        check_scheduler(model, saved)
    sha256 = verified_hash(model, place, on_progress)
    with translated_errors(model.name):
        pipe = _open(kind, model, place, dtypes_for(model, device))
        if saved is not None:  # As loading the parts has checked.
            pipe.scheduler = SchedulerConfig(config=config_as_loaded(saved, kind))
    if model.speed.precision is Precision.FP8:
        quantize_linears(denoiser_of(pipe), model.name, device.device)
    if device.device.type == "cpu" or is_offloaded(pipe, budget_bytes):
        _copy_mapped_weights(pipe)
    move_to_device(pipe, device.device, budget_bytes)
    return pipe, sha256


def denoiser_of(pipe: Any) -> Any:
    """Return the denoiser of a pipeline: its UNet or its transformer."""
    return getattr(pipe, "unet", None) or pipe.transformer


def dtypes_for(model: Model, device: Device) -> Dtypes:
    """Return the dtypes of a model's parts on a device."""
    is_half = model.speed.precision is Precision.HALF and device.dtype == torch.float32
    return Dtypes(decoder=device.dtype, others=torch.float16 if is_half else device.dtype)


def _open(kind: Any, model: Model, place: Path, dtypes: Dtypes) -> Any:
    parts = load_parts(kind, model, place, dtypes)
    drop_unused_statistics(model.family, parts.components["vae"])
    taken = inspect.signature(kind.__init__).parameters
    absent = dict.fromkeys(name for name, parameter in taken.items() if parameter.default is parameter.empty)
    absent.pop("self")
    switches = {name: False for name in _SWITCHES if name in taken}
    return kind(**{**absent, **parts.settings, **switches, **parts.components})


def pipeline_class(model: Model, place: Path) -> Any:
    """Return the pipeline class; a folder must name one of the registered family."""
    check_layout(model, place)
    name = model.family.pipelines[0] if place.is_file() else _class_name(model, place / INDEX)
    if name not in model.family.pipelines:
        cause = f"its {INDEX} names the pipeline {name}, which is not of family {model.family.name}"
        raise ModelBroken(name=model.name, cause=cause)
    return getattr(diffusers, name)


def _class_name(model: Model, index: Path) -> str:
    try:
        content = object_in(index)
    except FileNotFoundError as error:
        raise WeightsMissing(path=index) from error
    except (OSError, ValueError) as error:
        cause = f"cannot read {index}: {getattr(error, 'strerror', None) or error}"
        raise ModelBroken(name=model.name, cause=cause) from error
    if not isinstance(named := content.get("_class_name"), str):
        cause = f"its {INDEX} sets _class_name to {shown(named)}, which must be {' or '.join(model.family.pipelines)}"
        raise ModelBroken(name=model.name, cause=cause)
    return named


def _copy_mapped_weights(pipe: Any) -> None:
    """Copy weights out of memory-mapped files, so that a file changed on disk does not change a loaded model."""
    for part in pipe.components.values():
        if isinstance(part, torch.nn.Module):
            for weight in (*part.parameters(), *part.buffers()):
                weight.data = weight.data.clone()
