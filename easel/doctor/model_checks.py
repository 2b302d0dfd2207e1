"""The doctor's look at the painter's side: the device, the models file, and the weights of the model in use."""

from __future__ import annotations

import asyncio
from importlib import import_module
from pathlib import Path

from easel.doctor.checks import CheckResult
from easel.errors import sentence_from_error
from engine.contract.errors import EaselError
from engine.models.manage import standing_of
from engine.models.registry.registry import SHIPPED, Model, read_registry
from engine.settings import EngineSettings
from engine.starter import WEIGHTS, verify_weights


async def check_model(settings: EngineSettings) -> CheckResult:
    """Return whether the model in use is registered, whole, and the one whose hash was recorded."""
    try:
        model = read_registry(settings.models_file or SHIPPED).model(settings.model)
        place = await asyncio.to_thread(_place_if_sound, model)
    except EaselError as error:
        return CheckResult(subject="model", found=settings.model or "the default", advice=sentence_from_error(error))
    return CheckResult(subject="model", found=f"{model.name} in {place}")


async def check_device(settings: EngineSettings) -> CheckResult:
    """Return what pictures are painted on, in which numbers, and how much of it weights may take."""
    try:
        loading = await asyncio.to_thread(import_module, "engine.models.loading.pipeline")
    except ImportError as error:
        return CheckResult(subject="device", found=f"torch does not load: {error}", advice="Run `make setup` again.")
    try:
        device = loading.best_device()
        room = f"room for {loading.budget_of(device) / 2**30:.1f} GB of weights now"
    except RuntimeError as error:
        advice = "Close other programs that use the card, or hide it from Easel with CUDA_VISIBLE_DEVICES=."
        return CheckResult(subject="device", found=f"the card does not answer: {error}", advice=advice)
    numbers = str(device.dtype).removeprefix("torch.")
    if settings.models_memory is not None:
        room += f", and {settings.models_memory:g} GB set"
    return CheckResult(subject="device", found=f"{device.device}, {numbers}, {room}")


def _place_if_sound(model: Model) -> Path:
    standing = standing_of(model)
    if standing.error is not None:
        raise standing.error
    assert standing.place is not None
    place = standing.place.resolve()
    if place == WEIGHTS.resolve():
        verify_weights(place)
    return place
