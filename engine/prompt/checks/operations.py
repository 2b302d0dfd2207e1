"""The parameters that an operation keeps: what starts from one picture drops those that are about a whole grid."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from engine.contract.jobs import JobSpec, Operation
from engine.prompt.parameters import CANONICAL
from engine.prompt.render import render


def spec_for_operation(operation: Operation, spec: JobSpec) -> JobSpec:
    """Return the spec without the parameters that the operation drops, and with the canonical prompt to match.

    Without `--between`, the two results that it names are dropped too.
    """
    taken = {row.name for row in CANONICAL if operation in row.operations}
    if taken >= spec.parameters.keys():
        return spec
    kept = {name: value for name, value in spec.parameters.items() if name in taken}
    ends = spec.ends if "between" in kept else ()
    narrowed = replace(spec, parameters=MappingProxyType(kept), ends=ends)
    return replace(narrowed, prompt=render(narrowed))
