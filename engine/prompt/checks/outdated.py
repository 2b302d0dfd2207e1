"""Whether a stored spec is still supported, for an operation; the registry may have changed since it was accepted."""

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
from engine.prompt.limits import Limits, ModelCapabilities
from engine.prompt.parameters import CANONICAL, SERVICE_ABILITIES


def check_supported(operation: Operation, spec: JobSpec, limits: Limits) -> None:
    """Check that the job is supported; unknown limits are not checked.

    Raises: ModelUnknown, OperationUnsupported, SettingUnsupported, SizeUnsupported, AdapterMismatch.
    """
    if not limits.models:
        return
    if operation not in operations_of(spec, limits):
        raise OperationUnsupported(operation=operation.value, model=model_of(spec, limits).name)
    check_spec(spec, limits)


def operations_of(spec: JobSpec, limits: Limits) -> frozenset[Operation]:
    """Return the operations that the spec's model supports; all of them if that is not known.

    Raises: ModelUnknown.
    """
    named = model_of(spec, limits).operations if limits.models else None
    return frozenset(Operation if named is None else named)


def check_spec(spec: JobSpec, limits: Limits) -> None:
    """Check that the job's model supports the spec, whatever is done with it; unknown limits are not checked.

    Raises: ModelUnknown, SettingUnsupported, SizeUnsupported, AdapterMismatch.
    """
    if not limits.models:
        return
    model = model_of(spec, limits)
    _check_abilities(spec, model)
    _check_steps(spec, model)
    _check_shape(spec, model)
    _check_adapters(spec, model, limits)
    _check_control(spec, model)


def model_of(spec: JobSpec, limits: Limits) -> ModelCapabilities:
    """Return the model that a spec is painted with.

    Raises: ModelUnknown.
    """
    name = str(spec.parameters.get("model", limits.default_model))
    known = {model.name: model for model in limits.models}
    if name not in known:
        raise ModelUnknown(name=name, known=tuple(known))
    return known[name]


def _check_abilities(spec: JobSpec, model: ModelCapabilities) -> None:
    needed = {row.name: row.ability for row in CANONICAL if row.ability and row.ability not in SERVICE_ABILITIES}
    for name, value in spec.parameters.items():
        if model.abilities is not None and needed.get(name, "") not in {"", *model.abilities}:
            raise SettingUnsupported(name=name, value=_text(value), model=model.name)
    sampler = spec.parameters.get("sampler")
    if sampler is not None and model.samplers and sampler not in model.samplers:
        raise SettingUnsupported(name="sampler", value=_text(sampler), model=model.name, known=model.samplers)


def _check_steps(spec: JobSpec, model: ModelCapabilities) -> None:
    if model.step_limits is None:
        return
    asked = spec.parameters.get("steps")
    if isinstance(asked, int) and asked > model.step_limits.maximum:
        within = ("1", f"{model.step_limits.maximum}")
        raise SettingUnsupported(name="steps", value=_text(asked), model=model.name, within=within)
    steps_for(spec.parameters, model.name, model.step_limits)


def _check_shape(spec: JobSpec, model: ModelCapabilities) -> None:
    ar, size_limits = spec.parameters.get("ar"), model.size_limits
    if ar is not None and size_limits is not None and painted_size(str(ar), size_limits) is None:
        width, height = size_for(str(ar), side=size_limits.square, step=size_limits.multiple)
        raise SizeUnsupported(width=width, height=height, model=model.name)


def _check_adapters(spec: JobSpec, model: ModelCapabilities, limits: Limits) -> None:
    worn = spec.parameters.get("lora", ())
    for name in [adapter.partition(":")[0] for adapter in worn] if isinstance(worn, tuple) else ():
        if name in spec.adapters:
            # A member's own, which whoever starts the job must be allowed to use.
            continue
        if limits.adapters is not None and name not in limits.adapters:
            fitting = tuple(known for known in limits.adapters if known not in model.incompatible_adapters)
            raise SettingUnsupported(name="lora", value=name, model=model.name, known=fitting)
        if name in model.incompatible_adapters:
            raise AdapterMismatch(name=name, model=model.name, part=str(model.incompatible_adapters[name]))


def _check_control(spec: JobSpec, model: ModelCapabilities) -> None:
    control = spec.parameters.get("control")
    if control is not None and model.controls is not None and control not in model.controls:
        raise SettingUnsupported(name="control", value=_text(control), model=model.name, known=model.controls)


def _text(value: ParameterValue) -> str:
    return " ".join(value) if isinstance(value, tuple) else str(value)
