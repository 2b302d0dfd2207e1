"""What a new job takes over from an old one's spec."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from engine.contract.jobs import JobSpec
from engine.prompt import render


def without_seed(spec: JobSpec) -> JobSpec:
    """Return the spec with no seed asked for, and its canonical prompt to match."""
    if "seed" not in spec.parameters:
        return spec
    kept = {name: value for name, value in spec.parameters.items() if name != "seed"}
    unseeded = replace(spec, parameters=MappingProxyType(kept))
    return replace(unseeded, prompt=render(unseeded))
