"""The settings that a model's scheduler can have: one table of what samplers accept, by the kind of scheduler.

Settings that no sampler of the kind reads are not judged. Source: the schedulers' classes in diffusers 0.42; what they
accept and paint with is accepted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from engine.contract.samplers import ScheduleKind
from engine.models.files.json_files import shown
from engine.models.files.prediction import EPSILON, FLOW, SAMPLE, V
from engine.models.files.saved_scheduler import FILE
from engine.models.registry.families import MAX_STEPS

# Around the 1000 of all models: evenly spaced, the steps of a picture have room between them, and a table is quick.
_LEAST_TIMESTEPS, _MOST_TIMESTEPS = 2 * MAX_STEPS, 100_000
_DEFAULT_TIMESTEPS, _DEFAULT_BETA_END = 1000, 0.02
# What a model can predict, by the kind of its scheduler.
PREDICTIONS_OF: Mapping[ScheduleKind, tuple[str, ...]] = MappingProxyType(
    {
        ScheduleKind.DIFFUSION: (EPSILON, V, SAMPLE),
        ScheduleKind.EDM: (EPSILON, V),
        ScheduleKind.FLOW: (FLOW,),
    }
)


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """The values that a setting can have, in words, and as a function of the value."""

    words: str
    holds: Callable[[Any], bool]


Table = Mapping[str, Accepted]


def setting_problems(kind: ScheduleKind, settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the settings of a scheduler of this kind, each as the end of a sentence."""
    unfit = [
        name for name, accepted in _TABLES[kind].items() if name in settings and not accepted.holds(settings[name])
    ]
    for name in unfit:
        yield f"its {FILE} sets {name} to {shown(settings[name])}, which must be {_TABLES[kind][name].words}"
    if not unfit:
        yield from (f"its {FILE} {problem}" for problem in _contradictions(kind, settings))


def _contradictions(kind: ScheduleKind, settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield the settings that do not go together, although each is accepted."""
    if len(spacings := [name for name in _SPACINGS if settings.get(name)]) > 1:
        yield f"sets {' and '.join(spacings)}, of which a scheduler can use only one"
    yield from _reversed(settings, "sigma_min", "sigma_max")
    if kind is not ScheduleKind.EDM:  # Schedulers for flow models make a table of betas too, and do not read it.
        yield from _table_problems(settings)
    if kind is ScheduleKind.FLOW and settings.get("use_dynamic_shifting"):
        yield from _reversed(settings, "base_image_seq_len", "max_image_seq_len")
        for name in ("base_shift", "max_shift"):
            if settings.get(name, 1.0) is None:
                yield f"sets {name} to null, which must be a number with use_dynamic_shifting"


def _table_problems(settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the settings that make a table of betas."""
    length = settings.get("num_train_timesteps", _DEFAULT_TIMESTEPS)
    # Steps are that far apart at least when they are spaced evenly, and none may be beyond the last timestep.
    if (offset := settings.get("steps_offset", 0)) > (most := length // MAX_STEPS - 1):
        yield f"sets steps_offset to {offset}, which must be a whole number from 0 to {most}"
    if (steps := settings.get("original_inference_steps", 1)) > length:
        yield f"sets original_inference_steps to {steps}, which must be at most num_train_timesteps, {length}"
    if (betas := settings.get("trained_betas")) is not None:
        if len(betas) != length:
            yield f"has {len(betas)} numbers in trained_betas, which must be as many as num_train_timesteps, {length}"
        return
    schedule = settings.get("beta_schedule", "linear")
    if schedule not in _BETA_SCHEDULES:
        yield f"sets beta_schedule to {shown(schedule)}, which must be {_listed(_BETA_SCHEDULES)}"
    elif schedule != "squaredcos_cap_v2":  # That reads neither.
        for name in ("beta_start", "beta_end"):
            if not _BETA.holds(settings.get(name, _DEFAULT_BETA_END)):
                yield f"sets {name} to {shown(settings[name])}, which must be {_BETA.words}"
                return
        start, end = settings.get("beta_start", 0.0), settings.get("beta_end", _DEFAULT_BETA_END)
        if start > end:
            yield f"sets beta_start to {start}, which must be at most beta_end, {end}"


def _reversed(settings: Mapping[str, Any], low: str, high: str) -> Iterator[str]:
    least, most = settings.get(low), settings.get(high)
    if least is not None and most is not None and least >= most:
        yield f"sets {low} to {least}, which must be less than {high}, {most}"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_flag(value: object) -> bool:
    return value is None or value is True or value is False or (_is_number(value) and value in (0, 1))


def _is_list_of_betas(value: object) -> bool:
    return isinstance(value, list) and all(_is_number(beta) and 0 <= beta <= 1 for beta in value)


def _is_finite(value: float) -> bool:
    return -math.inf < value < math.inf


def _number(words: str, holds: Callable[[float], bool] = _is_finite) -> Accepted:
    return Accepted(words=words, holds=lambda value: _is_number(value) and holds(value))


def _whole(low: int, high: int) -> Accepted:
    return Accepted(
        words=f"a whole number from {low} to {high}",
        holds=lambda value: _is_number(value) and isinstance(value, int) and low <= value <= high,
    )


def _one_of(*values: str) -> Accepted:
    return Accepted(words=_listed(values), holds=lambda value: isinstance(value, str) and value in values)


def _or_null(accepted: Accepted) -> Accepted:
    return Accepted(words=f"{accepted.words}, or null", holds=lambda value: value is None or accepted.holds(value))


def _listed(values: tuple[str, ...]) -> str:
    return f"{', '.join(values[:-1])} or {values[-1]}"


_SPACINGS = ("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas")
_BETA_SCHEDULES = ("linear", "scaled_linear", "squaredcos_cap_v2")
_FLAG = Accepted(words="true or false", holds=_is_flag)
_BETA = _number("a number over 0 and below 1", lambda value: 0 < value < 1)
_POSITIVE = _number("a number over 0", lambda value: 0 < value < math.inf)
_SHARE = _number("a number over 0 and at most 1", lambda value: 0 < value <= 1)

_SHARED: Table = {
    "num_train_timesteps": _whole(_LEAST_TIMESTEPS, _MOST_TIMESTEPS),
    "final_sigmas_type": _one_of("zero", "sigma_min"),
    "sample_max_value": _POSITIVE,
    "dynamic_thresholding_ratio": _SHARE,
    **dict.fromkeys((*_SPACINGS, "thresholding", "lower_order_final", "euler_at_final"), _FLAG),
}
_OF_TABLE: Table = {
    "timestep_spacing": _one_of("linspace", "leading", "trailing"),
    "steps_offset": _whole(0, _MOST_TIMESTEPS),
    "trained_betas": _or_null(Accepted(words="a list of numbers from 0 to 1", holds=_is_list_of_betas)),
    "clip_sample_range": _POSITIVE,
    "sigma_min": _or_null(_POSITIVE),
    "sigma_max": _or_null(_POSITIVE),
    "solver_order": _whole(1, 9),
    "solver_type": _one_of("midpoint", "heun", "logrho", "bh1", "bh2"),
    "lambda_min_clipped": _number("a number", lambda value: value < math.inf),
    **dict.fromkeys(("rescale_betas_zero_snr", "clip_sample", "set_alpha_to_one", "use_lu_lambdas"), _FLAG),
    **dict.fromkeys(("use_flow_sigmas", "predict_x0"), _FLAG),
}
_TABLES: Mapping[ScheduleKind, Table] = {
    ScheduleKind.DIFFUSION: {
        **_SHARED,
        **_OF_TABLE,
        "prediction_type": _one_of(*PREDICTIONS_OF[ScheduleKind.DIFFUSION]),
        "interpolation_type": _one_of("linear", "log_linear"),
        "timestep_type": _one_of("discrete", "continuous"),
        "original_inference_steps": _whole(1, _MOST_TIMESTEPS),
        "timestep_scaling": _POSITIVE,
    },
    ScheduleKind.EDM: {
        **_SHARED,
        "prediction_type": _one_of(*PREDICTIONS_OF[ScheduleKind.EDM]),
        "sigma_min": _POSITIVE,
        "sigma_max": _POSITIVE,
        "sigma_data": _POSITIVE,
        "sigma_schedule": _one_of("karras", "exponential"),
        "rho": _POSITIVE,
        "solver_type": _one_of("midpoint", "heun", "logrho", "bh1", "bh2"),
    },
    ScheduleKind.FLOW: {
        **_SHARED,
        **_OF_TABLE,
        # Null where it changes with the picture's size.
        "shift": _or_null(_POSITIVE),
        "flow_shift": _or_null(_POSITIVE),
        "base_shift": _or_null(_number("a number")),
        "max_shift": _or_null(_number("a number")),
        "base_image_seq_len": _whole(1, 2**31),
        "max_image_seq_len": _whole(1, 2**31),
        "shift_terminal": _or_null(_number("a number over 0 and below 1", lambda value: 0 < value < 1)),
        "time_shift_type": _one_of("exponential", "linear"),
        **dict.fromkeys(("use_dynamic_shifting", "invert_sigmas", "stochastic_sampling"), _FLAG),
    },
}
