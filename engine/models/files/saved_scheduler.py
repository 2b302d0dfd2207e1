"""The scheduler in a model's files: what kind it is, and which samplers can paint with the model.

Reads configurations only. The class in the files decides what the model's timesteps and outputs mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine.contract.errors import ModelBroken
from engine.contract.samplers import SAMPLERS, WITHOUT_SAMPLE_PREDICTION, ScheduleKind, SchedulerChoice
from engine.models.files.json_files import object_in, shown
from engine.models.files.selection import INDEX

FILE = "scheduler/scheduler_config.json"

# The classes of diffusers 0.42 whose settings the samplers of a kind take over, see `_compatibles` of each.
KINDS: Mapping[str, ScheduleKind] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "DDIMParallelScheduler",
                "DDIMScheduler",
                "DDPMParallelScheduler",
                "DDPMScheduler",
                "DEISMultistepScheduler",
                "DPMSolverMultistepScheduler",
                "DPMSolverSDEScheduler",
                "DPMSolverSinglestepScheduler",
                "EulerAncestralDiscreteScheduler",
                "EulerDiscreteScheduler",
                "HeunDiscreteScheduler",
                "KDPM2AncestralDiscreteScheduler",
                "KDPM2DiscreteScheduler",
                "LCMScheduler",
                "LMSDiscreteScheduler",
                "PNDMScheduler",
                "SASolverScheduler",
                "TCDScheduler",
                "UniPCMultistepScheduler",
            ),
            ScheduleKind.DIFFUSION,
        ),
        "EDMDPMSolverMultistepScheduler": ScheduleKind.EDM,
        "EDMEulerScheduler": ScheduleKind.EDM,
        "FlowMatchEulerDiscreteScheduler": ScheduleKind.FLOW,
        "FlowMatchHeunDiscreteScheduler": ScheduleKind.FLOW,
    }
)
# These need scipy to space steps by a beta distribution.
_BETA_SPACED = frozenset(
    {
        "DPMSolverMultistepScheduler",
        "EulerDiscreteScheduler",
        "FlowMatchEulerDiscreteScheduler",
        "HeunDiscreteScheduler",
        "UniPCMultistepScheduler",
    }
)
_OFF = (None, False, "discrete", "exponential")


@dataclass(frozen=True, kw_only=True)
class SavedScheduler:
    """The scheduler that a model's files name: its diffusers class, and the settings in its configuration."""

    class_name: str
    settings: Mapping[str, Any]

    @property
    def kind(self) -> ScheduleKind | None:
        """What it expects of the model; None for a class that no sampler can stand in for."""
        kind = KINDS.get(self.class_name)
        is_flow = self.settings.get("prediction_type") == "flow_prediction" or self.settings.get("use_flow_sigmas")
        return ScheduleKind.FLOW if kind is ScheduleKind.DIFFUSION and is_flow else kind


def read_scheduler(name: str, folder: Path) -> SavedScheduler | None:
    """Return the scheduler of the pipeline in a folder, or None if it has none.

    The index names its class, as for `from_pretrained`.

    name: of the model, for errors.

    Raises: ModelBroken for invalid files, or if index and configuration name classes of different kinds.
    """
    if not (folder / FILE).exists():
        return None
    settings, index = _json(name, folder / FILE), _json(name, folder / INDEX)
    entry = index.get("scheduler")
    named = entry[1] if isinstance(entry, list) and len(entry) == 2 else settings.get("_class_name")
    configured = settings.get("_class_name", named)
    if not isinstance(named, str) or not isinstance(configured, str):
        odd = configured if isinstance(named, str) else named
        raise ModelBroken(
            name=name, cause=f"its scheduler is {shown(odd)}, which is no class of one: see {INDEX} and {FILE}"
        )
    saved = SavedScheduler(class_name=named, settings=settings)
    if SavedScheduler(class_name=configured, settings=settings).kind != saved.kind:
        cause = f"{folder / INDEX} names the scheduler {named}, but {FILE} is for {configured}"
        raise ModelBroken(name=name, cause=cause)
    return saved


def _json(name: str, file: Path) -> Mapping[str, Any]:
    try:
        return object_in(file)
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or error
        raise ModelBroken(name=name, cause=f"cannot read {file}: {cause}") from error


def supported_samplers(saved: SavedScheduler, samplers: Iterable[str], changes: Mapping[str, Any]) -> tuple[str, ...]:
    """Return those of the samplers that can paint with a model whose files name this scheduler.

    changes: settings from the models file, `SchedulerSettings.overrides`.
    """
    # A shift in the models file replaces the shift by size.
    fixed = {"use_dynamic_shifting": False} if "shift" in changes else {}
    settings = {**saved.settings, **changes, **fixed}
    return tuple(name for name in samplers if saved.kind is not None and _is_supported(name, saved.kind, settings))


def _is_supported(sampler: str, kind: ScheduleKind, settings: Mapping[str, Any]) -> bool:
    choice = SAMPLERS[sampler].scheduler(kind)
    if choice is None or any(settings.get(name) not in _OFF for name in choice.lacks):
        return False
    if settings.get("prediction_type") == "sample" and sampler in WITHOUT_SAMPLE_PREDICTION:
        return False
    return not _lacks_scipy(choice, settings)


def _lacks_scipy(choice: SchedulerChoice, settings: Mapping[str, Any]) -> bool:
    is_used = choice.class_name in _BETA_SPACED and {**settings, **choice.settings}.get("use_beta_sigmas")
    return bool(is_used) and find_spec("scipy") is None
