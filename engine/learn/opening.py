"""Opens a model to train an adapter of: what painting does to be sooner or smaller, training cannot have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.models.loading.device import Device
from engine.models.loading.pipeline import denoiser_of, load_pipeline
from engine.models.registry.registry import Model
from engine.models.registry.speed import Compilation, Precision
from engine.painter.families import adapted
from engine.painter.pipeline.protocol import LoadedModel
from engine.prompt import parse_attention


def open_to_train(model: Model, device: Device) -> tuple[LoadedModel, Any]:
    """Return the model on its device, and its denoiser, which runs by torch and in a precision that gradients fit.

    Raises: what `load_pipeline` does.
    """
    own = Precision.OWN if model.speed.precision is Precision.HALF else model.speed.precision
    model = replace(model, speed=replace(model.speed, compile=Compilation.NONE, precision=own))
    pipe, sha256 = load_pipeline(model, device)
    loaded = adapted(pipe, model, device=device.device, sha256=sha256, fragments_of=parse_attention)
    return loaded, denoiser_of(pipe)
