"""Opens a painter in a process of its own, configured from the settings."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from engine.learn.process.launch import ProcessTrainer
from engine.models.registry.registry import SHIPPED
from engine.painter.process.launch import PainterOptions
from engine.painter.process.supervisor import SupervisedPainter, supervise
from engine.settings import EngineSettings


def open_painter(settings: EngineSettings, model: str | None) -> AbstractAsyncContextManager[SupervisedPainter]:
    """Open a painter process; see `supervise`.

    model: loaded first, and the default of prompts; None for the default of the models file.
    """
    return supervise(setting_from_settings(settings, model))


def open_empty_painter(settings: EngineSettings) -> AbstractAsyncContextManager[SupervisedPainter]:
    """Open a painter process that has loaded no model yet; see `supervise`."""
    return supervise(replace(setting_from_settings(settings, None), preload=False))


def setting_from_settings(settings: EngineSettings, model: str | None) -> PainterOptions:
    """Return the settings that the painting process needs."""
    return PainterOptions(
        registry=settings.models_file or SHIPPED,
        model=model,
        budget_bytes=settings.models_memory_bytes,
        cache=settings.home / "compiled",
        measurements=settings.home / "measured",
        classifies=settings.safety == "on",
    )


def open_trainer(settings: EngineSettings) -> ProcessTrainer:
    """Return what trains members' adapters, in processes that are started when they are needed."""
    return ProcessTrainer(
        folder=settings.home / "training",
        registry=settings.models_file or SHIPPED,
        steps=settings.training_steps,
        classifies=settings.safety == "on",
    )
