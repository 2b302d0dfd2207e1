"""What a new job takes over from an old one's spec."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from engine.contract.errors import RequestError
from engine.contract.jobs import JobSpec, Operation
from engine.prompt import Limits, check_supported, render


def followup_spec(limits: Limits, operation: Operation, spec: JobSpec) -> JobSpec:
    """Return what a new job of the operation takes over from an old one's spec: all but a seed asked for.

    limits: of the service as it is now.

    Raises: RequestError when the models that there are now cannot do it; see `check_supported`.
    """
    check_supported(operation, spec, limits)
    return without_seed(spec)


def possible_operations(limits: Limits, spec: JobSpec) -> frozenset[Operation]:
    """Return by which operations a new job could take the spec over now; by none where its model is gone."""
    return frozenset(operation for operation in Operation if _is_possible(limits, operation, spec))


def _is_possible(limits: Limits, operation: Operation, spec: JobSpec) -> bool:
    try:
        check_supported(operation, spec, limits)
    except RequestError:
        return False
    return True


def without_seed(spec: JobSpec) -> JobSpec:
    """Return the spec with no seed asked for, and its canonical prompt to match."""
    if "seed" not in spec.parameters:
        return spec
    kept = {name: value for name, value in spec.parameters.items() if name != "seed"}
    unseeded = replace(spec, parameters=MappingProxyType(kept))
    return replace(unseeded, prompt=render(unseeded))
