"""What an operator does with the registered adapters: see how each stands, and record the hashes of their files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.contract.errors import AdapterMismatch, EaselError, WeightsMismatch, WeightsMissing
from engine.models.adapters import check_fit
from engine.models.places import place_of
from engine.models.registry import SHIPPED, Adapter, Model, Registry
from engine.models.upkeep import record_hash
from engine.models.weights import check_whole, hash_of


@dataclass(frozen=True, kw_only=True)
class AdapterStanding:
    """How a registered adapter stands on this machine.

    fits: the models that it was held against; those whose files are missing or damaged are not among them.
    size_bytes, sha256: of its file. error: why nothing can be painted with it; None when it can.
    """

    adapter: Adapter
    fits: tuple[str, ...] = ()
    size_bytes: int = 0
    sha256: str | None = None
    error: EaselError | None = None


def adapter_standings(registry: Registry) -> Iterator[AdapterStanding]:
    """Yield how each adapter stands: found, whole, the one whose hash was recorded, and made for its models."""
    for adapter in registry.adapters.values():
        yield _standing(adapter, registry)


def record_adapter(registry: Registry, standing: AdapterStanding) -> None:
    """Write the hash of what is there into an operator's own file, unless there is one already."""
    if standing.sha256 is not None and standing.adapter.sha256 is None and registry.path != SHIPPED:
        record_hash(registry.path, standing.adapter.name, standing.sha256, table="adapters")


def _standing(adapter: Adapter, registry: Registry) -> AdapterStanding:
    try:
        check_whole(adapter.file)
        sha256 = hash_of(adapter.file)
        if adapter.sha256 not in (None, sha256):
            raise WeightsMismatch(path=adapter.file)
        fits = tuple(model.name for model in _models_of(adapter, registry) if _is_seen_to_fit(adapter, model))
    except EaselError as error:
        return AdapterStanding(adapter=adapter, error=error)
    return AdapterStanding(adapter=adapter, fits=fits, size_bytes=adapter.file.stat().st_size, sha256=sha256)


def _models_of(adapter: Adapter, registry: Registry) -> tuple[Model, ...]:
    """Return the models that the adapter is registered for."""
    if adapter.model is None:
        return tuple(model for model in registry.models.values() if adapter in registry.adapters_of(model))
    if adapter.model not in registry.models:
        part = "no model of that name is registered"
        raise AdapterMismatch(name=adapter.name, model=adapter.model, part=part)
    return (registry.models[adapter.model],)


def _is_seen_to_fit(adapter: Adapter, model: Model) -> bool:
    """Return whether the model is here to be held against; what else is wrong with it is said of the model itself."""
    try:
        check_fit(adapter, model, place_of(model))
    except (WeightsMissing, WeightsMismatch):
        return False
    return True
