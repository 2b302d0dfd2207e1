"""Scheduler settings that override those in a model's files: for Turbo, Lightning, v-prediction and flow shift."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from engine.contract.samplers import SAMPLERS, WITHOUT_SAMPLE_PREDICTION
from engine.models.registry.families import Family
from engine.models.registry.toml_values import TomlReader

SPACINGS = ("linspace", "leading", "trailing")
PREDICTIONS = ("epsilon", "v_prediction", "sample")
MIN_SHIFT, MAX_SHIFT = 0.01, 100.0

_OF_DIFFUSION = {"timestep_spacing", "prediction_type", "rescale_betas_zero_snr"}
_OF_FLOW = {"shift"}
_WITHOUT_ZERO_SNR = frozenset(
    name for name, sampler in SAMPLERS.items() if "rescale_betas_zero_snr" in sampler.diffusion.lacks
)


@dataclass(frozen=True, kw_only=True)
class SchedulerSettings:
    """Settings of a model's scheduler, as named in diffusers, for every sampler; None keeps the value in its files.

    timestep_spacing: spacing of the steps; "trailing" starts with pure noise, as few-step models need.
    prediction_type: what the model predicts; single files without a configuration do not say.
    rescale_betas_zero_snr: whether the last timestep is pure noise, without any signal.
    shift: shift of a flow model's noise schedule, 0.01 to 100, the same at every size.
    """

    timestep_spacing: str | None = None
    prediction_type: str | None = None
    rescale_betas_zero_snr: bool | None = None
    shift: float | None = None

    @property
    def overrides(self) -> dict[str, str | bool | float]:
        """The values that are set, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def scheduler_from_table(
    table: Mapping[str, Any], family: Family, section: str, reader: TomlReader
) -> SchedulerSettings:
    """Return the settings of the table; a setting that the family does not support is a problem."""
    reader.check_keys(table, _OF_FLOW if family.is_flow else _OF_DIFFUSION, section)
    readers: Mapping[str, Callable[..., Any]] = {
        "timestep_spacing": partial(reader.choice, known=SPACINGS),
        "prediction_type": partial(reader.choice, known=PREDICTIONS),
        "rescale_betas_zero_snr": reader.boolean,
        "shift": partial(reader.number, default=1.0, low=MIN_SHIFT, high=MAX_SHIFT),
    }
    return SchedulerSettings(**{name: read(table, name, section) for name, read in readers.items() if name in table})


def samplers_under(scheduler: SchedulerSettings, samplers: Sequence[str]) -> tuple[str, ...]:
    """Return those of the samplers that support all settings."""
    unfit = set[str]()
    if scheduler.rescale_betas_zero_snr:
        unfit |= _WITHOUT_ZERO_SNR
    if scheduler.prediction_type == "sample":
        unfit |= WITHOUT_SAMPLE_PREDICTION
    return tuple(sampler for sampler in samplers if sampler not in unfit)
