"""What of a spec an operation takes: a variation keeps shape and words, and not what belongs to a first grid."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from engine.contract.jobs import JobSpec, Operation
from engine.prompt.parameters import CANONICAL
from engine.prompt.render import render


def spec_for_operation(operation: Operation, spec: JobSpec) -> JobSpec:
    """Return the spec without the parameters that the operation does not take, its canonical prompt renewed."""
    taken = {row.name for row in CANONICAL if operation in row.operations}
    if taken >= spec.parameters.keys():
        return spec
    kept = {name: value for name, value in spec.parameters.items() if name in taken}
    narrowed = replace(spec, parameters=MappingProxyType(kept))
    return replace(narrowed, prompt=render(narrowed))
