"""From what a job asks to the steps that a model paints it in."""

from __future__ import annotations

from collections.abc import Mapping

from engine.contract.errors import SettingUnsupported
from engine.contract.jobs import ParameterValue
from engine.prompt.limits import StepLimits


def painted_steps(asked: Mapping[str, ParameterValue], steps: StepLimits) -> int:
    """Return the steps that a job comes to: those asked for times the quality, half of them for a draft.

    asked: parameters by their canonical names. The result is 1 to `steps.maximum`, whatever its sampler takes.
    """
    return min(max(round(_number(asked, "steps", steps.default) * step_factor(asked)), 1), steps.maximum)


def steps_for(asked: Mapping[str, ParameterValue], model: str, steps: StepLimits) -> int:
    """Return the steps that the model called `model` paints a job in.

    Raises: SettingUnsupported when they are more than the job's sampler takes.
    """
    sampler, painted = sampler_of(asked, steps), painted_steps(asked, steps)
    most = max_steps_by(sampler, steps)
    if painted > most:
        known = (f"1 to {most} with the sampler {sampler}",)
        raise SettingUnsupported(name="steps", value=str(painted), model=model, known=known)
    return painted


def step_factor(asked: Mapping[str, ParameterValue]) -> float:
    """Return how many times the steps asked for are painted."""
    return _number(asked, "quality", 1.0) * (0.5 if asked.get("draft") else 1.0)


def sampler_of(asked: Mapping[str, ParameterValue], steps: StepLimits) -> str:
    """Return the sampler asked for, or the model's own."""
    return str(asked.get("sampler") or steps.sampler)


def max_steps_by(sampler: str, steps: StepLimits) -> int:
    """Return the most steps that the model paints by the sampler."""
    return min(steps.max_steps_by.get(sampler, steps.maximum), steps.maximum)


def _number(asked: Mapping[str, ParameterValue], name: str, usual: float) -> float:
    value = asked.get(name)
    return value if isinstance(value, int | float) else usual
