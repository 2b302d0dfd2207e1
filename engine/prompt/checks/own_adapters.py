"""Adapters of members beside those of the service: which a prompt may name, and which of them its names mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from engine.contract.jobs import JobSpec
from engine.contract.training import PROFILE, UsableAdapter
from engine.prompt.limits import Limits, ModelCapabilities
from engine.prompt.sentences import Code, sentence

Usable = Mapping[str, UsableAdapter]
"""Adapters by their names."""

NONE_USABLE: Usable = MappingProxyType({})


def with_usable(limits: Limits, usable: Usable) -> Limits:
    """Return the limits of prompts that may name these adapters too; of one name, the service's counts."""
    known = limits.adapters or ()
    own = {name: adapter for name, adapter in usable.items() if name not in known and name != PROFILE}
    if not own:
        return limits
    models = tuple(_with_misfits(model, own) for model in limits.models)
    return replace(limits, adapters=(*known, *own), models=models)


def _with_misfits(model: ModelCapabilities, own: Usable) -> ModelCapabilities:
    others = {name: sentence(Code.FOR_MODEL, model=one.model) for name, one in own.items() if one.model != model.name}
    return replace(model, incompatible_adapters={**model.incompatible_adapters, **others})


def bound(spec: JobSpec, limits: Limits, usable: Usable) -> JobSpec:
    """Return the spec, which says which adapters of members its names mean; `limits` are those of the service."""
    known = limits.adapters or ()
    names = [name for name in names_in(spec) if name not in known]
    names += [PROFILE] if "profile" in spec.parameters else []
    ids = {name: usable[name].id for name in names if name in usable}
    return replace(spec, adapters=MappingProxyType(ids)) if ids else spec


def names_in(spec: JobSpec) -> list[str]:
    """Return the names of the adapters that the spec asks for."""
    asked = spec.parameters.get("lora", ())
    return [str(one).partition(":")[0] for one in asked] if isinstance(asked, tuple) else []
