"""Loads a model without its numbers, as `easel models check` does: what loading would refuse, and what nobody reads."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers

from engine.contract.samplers import SAMPLERS
from engine.models.files.locate import config_path, local_path
from engine.models.files.part_settings import settings_in
from engine.models.files.saved_scheduler import FILE as SCHEDULER_CONFIG
from engine.models.files.saved_scheduler import SavedScheduler
from engine.models.files.scheduler_check import scheduler_of
from engine.models.files.weights import index_of
from engine.models.loading.device import Dtypes
from engine.models.loading.errors import translated_errors
from engine.models.loading.parts import LoadedParts, load_parts
from engine.models.loading.pipeline import pipeline_class
from engine.models.loading.scheduler_config import defaults_of
from engine.models.loading.statistics import unused_statistics
from engine.models.registry.registry import Model

# Names in the configurations of transformers that say what a file is, not how it is read.
_ABOUT = frozenset({"architectures", "model_type", "torch_dtype", "dtype", "transformers_version"})


def try_loading(model: Model) -> tuple[str, ...]:
    """Load the model's parts without their numbers; return the names of tensors and settings that nobody reads.

    A setting is named by its part and its own name, `unet/config.json: name`; a tensor by its own.

    Raises: WeightsMissing, WeightsMismatch, ModelBroken with what loading would raise.
    """
    place = local_path(model)
    kind = pipeline_class(model, place)
    with translated_errors(model.name), _silent_libraries():
        parts = load_parts(kind, model, place, Dtypes(decoder=torch.float32, others=torch.float32), is_trial=True)
        folder = config_path(model) if place.is_file() else place
        return (
            *parts.unread,
            *_unread_settings(kind, folder, parts),
            *_named("vae/config.json", set(unused_statistics(model.family, parts.components["vae"]))),
            *_unread_by_samplers(scheduler_of(model, place)),
        )


@contextmanager
def _silent_libraries() -> Iterator[None]:
    """Let the libraries log errors only: what they would warn of is what is returned."""
    logs = (diffusers.utils.logging, transformers.utils.logging)
    before = [log.get_verbosity() for log in logs]
    for log in logs:
        log.set_verbosity_error()
    try:
        yield
    finally:
        for log, verbosity in zip(logs, before, strict=True):
            log.set_verbosity(verbosity)


def _unread_settings(kind: type[Any], folder: Path, parts: LoadedParts) -> Iterator[str]:
    taken = inspect.signature(kind.__init__).parameters
    yield from _named("model_index.json", index_of(folder).keys() - taken.keys())
    for name, part in parts.components.items():
        if isinstance(part, torch.nn.Module):
            config = settings_in(folder / name / "config.json")
            yield from _named(f"{name}/config.json", config.keys() - _known_settings(part))


def _unread_by_samplers(saved: SavedScheduler | None) -> Iterator[str]:
    """Yield the settings of a scheduler that neither its own class takes nor those of any sampler."""
    if saved is not None and saved.kind is not None:
        choices = (sampler.scheduler(saved.kind) for sampler in SAMPLERS.values())
        classes = {saved.class_name, *(choice.class_name for choice in choices if choice is not None)}
        taken = {name for class_name in classes for name in defaults_of(class_name)}
        yield from _named(SCHEDULER_CONFIG, saved.settings.keys() - taken)


def _named(file: str, settings: Set[str]) -> Iterator[str]:
    yield from (f"{file}: {name}" for name in sorted(settings) if not name.startswith("_"))


def _known_settings(part: Any) -> set[str]:
    if isinstance(part, diffusers.ModelMixin):
        return set(inspect.signature(type(part).__init__).parameters)
    kind = type(part.config)
    known: Mapping[str, Any] = kind().to_dict()
    return {*known, *kind.attribute_map, *inspect.signature(kind.__init__).parameters, *_ABOUT}
