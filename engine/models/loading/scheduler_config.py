"""The configuration of a model's scheduler as diffusers would load it; the scheduler itself is never built.

Its class may need libraries that are not installed, and samplers are set up from the configuration alone.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import diffusers

from engine.models.files.saved_scheduler import SavedScheduler

# Defaults of classes that diffusers 0.42 hides where a library is missing: SciPy for one, torchsde for the other.
_HIDDEN: Mapping[str, Mapping[str, Any]] = {
    "LMSDiscreteScheduler": {"beta_start": 0.0001, "beta_end": 0.02, "beta_schedule": "linear"},
    "DPMSolverSDEScheduler": {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "linear"},
}
_OF_ALL_HIDDEN = {"num_train_timesteps": 1000, "prediction_type": "epsilon", "trained_betas": None}


@dataclass(frozen=True, kw_only=True)
class SchedulerConfig:
    """Stands for the scheduler of a pipeline."""

    config: Mapping[str, Any]


def config_as_loaded(saved: SavedScheduler, kind: type[Any]) -> Mapping[str, Any]:
    """Return the configuration of the scheduler in a model's files once a pipeline of class `kind` has loaded it.

    Settings that the files leave out have the defaults of their class, and are listed in `_use_default_values`.
    Source: `ConfigMixin` and `StableDiffusionPipeline.__init__`, diffusers 0.42.
    """
    defaults = defaults_of(saved.class_name)
    config = {**defaults, **saved.settings, "_class_name": saved.class_name}
    config["_use_default_values"] = [name for name in defaults if name not in saved.settings]
    if issubclass(kind, diffusers.StableDiffusionPipeline):
        # Also where the class in the files does not have them: the pipeline corrects whichever scheduler it is given.
        config |= {"steps_offset": 1, "clip_sample": False}
    return config


def defaults_of(class_name: str) -> Mapping[str, Any]:
    """Return the settings that a scheduler's class takes, with their defaults."""
    hidden = _HIDDEN.get(class_name)
    taken = inspect.signature(getattr(diffusers, class_name).__init__).parameters
    named = {name: one.default for name, one in taken.items() if one.default is not one.empty}
    return named or {**_OF_ALL_HIDDEN, **(hidden or {})}
