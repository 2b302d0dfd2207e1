"""Opens a model to train an adapter of: what painting does to be sooner, training cannot have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.models.loading.device import Device
from engine.models.loading.pipeline import denoiser_of, load_pipeline
from engine.models.registry.registry import Model
from engine.models.registry.speed import Compilation
from engine.painter.families import adapted
from engine.painter.pipeline.protocol import LoadedModel
from engine.prompt import parse_attention


def open_to_train(model: Model, device: Device) -> tuple[LoadedModel, Any]:
    """Return the model on its device, and its denoiser, which runs by torch.

    Raises: what `load_pipeline` does.
    """
    model = replace(model, speed=replace(model.speed, compile=Compilation.NONE))
    pipe, sha256 = load_pipeline(model, device)
    loaded = adapted(pipe, model, device=device.device, sha256=sha256, fragments_of=parse_attention)
    return loaded, denoiser_of(pipe)
