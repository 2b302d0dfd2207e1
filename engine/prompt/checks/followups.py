"""The spec of a new job that is based on an old one."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from engine.contract.errors import RequestError
from engine.contract.jobs import JobSpec, Operation
from engine.prompt import Limits, check_supported, render


def followup_spec(limits: Limits, operation: Operation, spec: JobSpec) -> JobSpec:
    """Return the spec of a new job of the operation: the old one's spec without its seed.

    limits: the service's current limits.

    Raises: RequestError if the current models do not support it; see `check_supported`.
    """
    check_supported(operation, spec, limits)
    return without_seed(spec)


def possible_operations(limits: Limits, spec: JobSpec) -> frozenset[Operation]:
    """Return the operations that currently support the spec; none if its model is no longer registered."""
    return frozenset(operation for operation in Operation if _is_possible(limits, operation, spec))


def _is_possible(limits: Limits, operation: Operation, spec: JobSpec) -> bool:
    try:
        check_supported(operation, spec, limits)
    except RequestError:
        return False
    return True


def without_seed(spec: JobSpec) -> JobSpec:
    """Return the spec without `--seed`, and with the canonical prompt to match."""
    if "seed" not in spec.parameters:
        return spec
    kept = {name: value for name, value in spec.parameters.items() if name != "seed"}
    unseeded = replace(spec, parameters=MappingProxyType(kept))
    return replace(unseeded, prompt=render(unseeded))
