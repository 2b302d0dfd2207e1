"""The number of denoising steps of a job."""

from __future__ import annotations

from collections.abc import Mapping

from engine.contract.errors import SettingUnsupported
from engine.contract.jobs import ParameterValue
from engine.prompt.limits import StepLimits


def painted_steps(asked: Mapping[str, ParameterValue], steps: StepLimits) -> int:
    """Return the number of denoising steps of a job: steps times `step_factor`, rounded, 1 to `steps.maximum`.

    asked: parameters by canonical name. The maximum of the sampler is not applied.
    """
    return min(max(round(_number(asked, "steps", steps.default) * step_factor(asked)), 1), steps.maximum)


def steps_for(asked: Mapping[str, ParameterValue], model: str, steps: StepLimits) -> int:
    """Return `painted_steps`, checked against the maximum of the job's sampler; `model` names the model in the error.

    Raises: SettingUnsupported if the sampler does not support that many.
    """
    sampler, painted = sampler_of(asked, steps), painted_steps(asked, steps)
    most = max_steps_by(sampler, steps)
    if painted > most:
        within = ("1", f"{most}", sampler)
        raise SettingUnsupported(name="steps", value=str(painted), model=model, within=within)
    return painted


def step_factor(asked: Mapping[str, ParameterValue]) -> float:
    """Return the factor by which `--quality` (0.25 to 4) and `--draft` (0.5) multiply the steps."""
    return _number(asked, "quality", 1.0) * (0.5 if asked.get("draft") else 1.0)


def sampler_of(asked: Mapping[str, ParameterValue], steps: StepLimits) -> str:
    """Return the job's sampler, or else the model's default."""
    return str(asked.get("sampler") or steps.sampler)


def max_steps_by(sampler: str, steps: StepLimits) -> int:
    """Return the maximum number of steps of the model with the sampler."""
    return min(steps.max_steps_by.get(sampler, steps.maximum), steps.maximum)


def _number(asked: Mapping[str, ParameterValue], name: str, usual: float) -> float:
    value = asked.get(name)
    return value if isinstance(value, int | float) else usual
