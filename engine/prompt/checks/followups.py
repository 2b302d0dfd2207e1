"""The spec of a new job that is based on an old one."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from engine.contract.errors import RequestError
from engine.contract.jobs import JobSpec, Operation
from engine.prompt import Limits, check_supported, render
from engine.prompt.checks.outdated import check_spec, operations_of


def followup_spec(limits: Limits, operation: Operation, spec: JobSpec) -> JobSpec:
    """Return the spec of a new job of the operation: the old one's spec without its seed.

    limits: the service's current limits.

    Raises: RequestError if the current models do not support it; see `check_supported`.
    """
    check_supported(operation, spec, limits)
    return without_seed(spec)


def reworded_spec(limits: Limits, operation: Operation, spec: JobSpec) -> JobSpec:
    """Return the spec of a new job of the operation whose prompt the member has just written, as it is.

    Raises: RequestError if the current models do not support it; see `check_supported`.
    """
    check_supported(operation, spec, limits)
    return spec


def possible_operations(limits: Limits, spec: JobSpec) -> frozenset[Operation]:
    """Return the operations that currently support the spec; none if its model is no longer registered."""
    try:
        check_spec(spec, limits)
        return operations_of(spec, limits)
    except RequestError:
        return frozenset()


def without_seed(spec: JobSpec) -> JobSpec:
    """Return the spec without `--seed`, and with the canonical prompt to match."""
    return without(spec, "seed")


def without(spec: JobSpec, parameter: str) -> JobSpec:
    """Return the spec without the parameter of that canonical name, and with the canonical prompt to match."""
    if parameter not in spec.parameters:
        return spec
    kept = {name: value for name, value in spec.parameters.items() if name != parameter}
    narrowed = replace(spec, parameters=MappingProxyType(kept))
    return replace(narrowed, prompt=render(narrowed))
