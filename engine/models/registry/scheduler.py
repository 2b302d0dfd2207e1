"""How a model's scheduler is set otherwise than its files say: Turbo, Lightning, v-prediction, the shift of a flow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from engine.contract.samplers import SAMPLERS
from engine.models.registry.families import Family
from engine.models.registry.toml_values import TomlReader

SPACINGS = ("linspace", "leading", "trailing")
PREDICTIONS = ("epsilon", "v_prediction")
MIN_SHIFT, MAX_SHIFT = 0.01, 100.0

_OF_DIFFUSION = {"timestep_spacing", "prediction_type", "rescale_betas_zero_snr"}
_OF_FLOW = {"shift"}
_WITHOUT_ZERO_SNR = frozenset(name for name, sampler in SAMPLERS.items() if not sampler.has_zero_snr)


@dataclass(frozen=True, kw_only=True)
class SchedulerSettings:
    """Settings of a model's scheduler, in diffusers' words, in force for every sampler; None where its files are right.

    timestep_spacing: where steps fall: "trailing" begins with pure noise, as few-step models want it.
    prediction_type: what the model predicts; files without configurations of their own cannot say.
    rescale_betas_zero_snr: whether the last timestep is pure noise, no signal left in it.
    shift: how far the noise schedule of a flow model is shifted, the same at every size of picture.
    """

    timestep_spacing: str | None = None
    prediction_type: str | None = None
    rescale_betas_zero_snr: bool | None = None
    shift: float | None = None

    @property
    def overrides(self) -> dict[str, str | bool | float]:
        """What is set at all, by its name."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def scheduler_from_table(
    table: Mapping[str, Any], family: Family, section: str, reader: TomlReader
) -> SchedulerSettings:
    """Return what the table sets; a setting that means nothing to the family is a fault."""
    reader.check_keys(table, _OF_FLOW if family.is_flow else _OF_DIFFUSION, section)
    readers: Mapping[str, Callable[..., Any]] = {
        "timestep_spacing": partial(reader.choice, known=SPACINGS),
        "prediction_type": partial(reader.choice, known=PREDICTIONS),
        "rescale_betas_zero_snr": reader.boolean,
        "shift": partial(reader.number, default=1.0, low=MIN_SHIFT, high=MAX_SHIFT),
    }
    return SchedulerSettings(**{name: read(table, name, section) for name, read in readers.items() if name in table})


def samplers_under(scheduler: SchedulerSettings, samplers: Sequence[str]) -> tuple[str, ...]:
    """Return those of the samplers for which all that is set holds."""
    return tuple(
        sampler for sampler in samplers if not (scheduler.rescale_betas_zero_snr and sampler in _WITHOUT_ZERO_SNR)
    )
