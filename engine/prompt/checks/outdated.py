"""Whether a spec that was accepted once can be painted now, and by which operation; the registry may have changed."""

from __future__ import annotations

from engine.contract.errors import (
    AdapterMismatch,
    ModelUnknown,
    OperationUnsupported,
    SettingUnsupported,
    SizeUnsupported,
)
from engine.contract.jobs import JobSpec, Operation, ParameterValue
from engine.prompt.checks.sizes import painted_size, size_for
from engine.prompt.checks.steps import steps_for
from engine.prompt.limits import Limits, ModelFacts
from engine.prompt.parameters import CANONICAL, SERVICE_ABILITIES


def refuse_outdated(operation: Operation, spec: JobSpec, limits: Limits) -> None:
    """Return when the job can be painted; nothing hinders of which nobody has said what can be.

    Raises: ModelUnknown, OperationUnsupported, SettingUnsupported, SizeUnsupported, AdapterMismatch.
    """
    if not limits.models:
        return
    facts = _facts(spec, limits)
    if facts.operations is not None and operation not in facts.operations:
        raise OperationUnsupported(operation=operation.value, model=facts.name)
    _check_abilities(spec, facts)
    _check_steps(spec, facts)
    _check_shape(spec, facts)
    _check_adapters(spec, facts, limits)


def _facts(spec: JobSpec, limits: Limits) -> ModelFacts:
    name = str(spec.parameters.get("model", limits.default_model))
    known = {facts.name: facts for facts in limits.models}
    if name not in known:
        raise ModelUnknown(name=name, known=tuple(known))
    return known[name]


def _check_abilities(spec: JobSpec, facts: ModelFacts) -> None:
    needed = {row.name: row.ability for row in CANONICAL if row.ability and row.ability not in SERVICE_ABILITIES}
    for name, value in spec.parameters.items():
        if facts.abilities is not None and needed.get(name, "") not in {"", *facts.abilities}:
            raise SettingUnsupported(name=name, value=_text(value), model=facts.name)
    sampler = spec.parameters.get("sampler")
    if sampler is not None and facts.samplers and sampler not in facts.samplers:
        raise SettingUnsupported(name="sampler", value=_text(sampler), model=facts.name, known=facts.samplers)


def _check_steps(spec: JobSpec, facts: ModelFacts) -> None:
    if facts.steps is None:
        return
    asked = spec.parameters.get("steps")
    if isinstance(asked, int) and asked > facts.steps.most:
        known = (f"1 to {facts.steps.most}",)
        raise SettingUnsupported(name="steps", value=_text(asked), model=facts.name, known=known)
    steps_for(spec.parameters, facts.name, facts.steps)


def _check_shape(spec: JobSpec, facts: ModelFacts) -> None:
    ar, sides = spec.parameters.get("ar"), facts.sides
    if ar is not None and sides is not None and painted_size(str(ar), sides) is None:
        width, height = size_for(str(ar), side=sides.square, step=sides.step)
        raise SizeUnsupported(width=width, height=height, model=facts.name)


def _check_adapters(spec: JobSpec, facts: ModelFacts, limits: Limits) -> None:
    worn = spec.parameters.get("lora", ())
    for name in [adapter.partition(":")[0] for adapter in worn] if isinstance(worn, tuple) else ():
        if limits.adapters is not None and name not in limits.adapters:
            fitting = tuple(known for known in limits.adapters if known not in facts.misfits)
            raise SettingUnsupported(name="lora", value=name, model=facts.name, known=fitting)
        if name in facts.misfits:
            raise AdapterMismatch(name=name, model=facts.name, part=facts.misfits[name])


def _text(value: ParameterValue) -> str:
    return " ".join(value) if isinstance(value, tuple) else str(value)
