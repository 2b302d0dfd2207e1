"""What an operator does with the registry: see which models and adapters are there, add, check, record hashes.

The file keeps its comments and its order: entries are appended, and a hash is put into the entry's text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.contract.errors import AdapterMismatch, EaselError, SettingsInvalid, WeightsMismatch, WeightsMissing
from engine.models.files.adapter_fit import check_fit
from engine.models.files.locate import fetch, place_of
from engine.models.files.verify import sound_hash
from engine.models.files.weights import Watch, check_whole, hash_of, size_of, unwatched, weight_files
from engine.models.registry.registry import SHIPPED, Adapter, Model, Registry, read_registry
from engine.models.registry.toml_edit import quoted, text_from_key, text_with_hash


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a registered model stands on this machine.

    place: where its files are; None when they are not here.
    size_bytes: of its files. sha256: of what is there now.
    error: why it cannot be painted with; None when it can.
    """

    model: Model
    place: Path | None = None
    size_bytes: int = 0
    sha256: str | None = None
    error: EaselError | None = None


def standing_of(model: Model, watch: Watch = unwatched) -> Standing:
    """Return how the model stands: found, whole, and the one whose hash was recorded.

    watch: told how far hashing is, which takes a while for a large model.
    """
    try:
        place = place_of(model)
        sha256 = sound_hash(model, place, watch)
    except EaselError as error:
        return Standing(model=model, error=error)
    size_bytes = sum(map(size_of, weight_files(place, model.source.variant)))
    return Standing(model=model, place=place, size_bytes=size_bytes, sha256=sha256)


def fetch_model(registry: Registry, name: str, watch: Watch = unwatched) -> Standing:
    """Bring a model's files to this machine; return how it then stands, its hash recorded where none was.

    Raises: ModelUnknown, WeightsMissing, WeightsMismatch, ModelBroken; see `places.fetch`.
    """
    fetch(registry.model(name))
    standing = standing_of(registry.model(name), watch)
    record_first(registry, standing)
    return standing


def record_first(registry: Registry, standing: Standing) -> None:
    """Write the hash of what is there into an operator's own file, unless there is one already."""
    if standing.sha256 is not None and standing.model.sha256 is None and registry.path != SHIPPED:
        record_hash(registry.path, standing.model.name, standing.sha256)


def add_model(
    path: Path, name: str, watch: Watch = unwatched, /, *, family: str, licence: str, **source: str
) -> Standing:
    """Append a model to the registry file, with its hash where its files are here.

    source: one of `folder`, `file`, `hub`, and `revision`, `variant` or `config` with it, as in the file. watch: see
    `standing_of`. The file is left as it was when the model or the file is faulty.

    Raises: SettingsInvalid.
    """
    if not re.fullmatch(r"[\w.-]+", name):
        raise SettingsInvalid(problems=(f"{name!r} is no name: letters, digits, dots and dashes only",))
    before = path.read_bytes()
    values = {"family": family, "licence": licence, **source}
    lines = [f"[models.{text_from_key(name)}]", *(f"{key} = {quoted(value)}" for key, value in values.items())]
    path.write_bytes(before.rstrip() + ("\n\n" + "\n".join(lines) + "\n").encode())
    try:
        standing = standing_of(read_registry(path).model(name), watch)
    except SettingsInvalid:
        path.write_bytes(before)
        raise
    if standing.sha256 is not None:
        record_hash(path, name, standing.sha256)
    return standing


def record_hash(path: Path, name: str, sha256: str, *, table: str = "models") -> None:
    """Write a model's or an adapter's hash into its entry of the registry file, in place of the one that is there.

    Raises: SettingsInvalid with the line to write by hand, where the entry is written in a way that is not understood;
    the file is left as it was.
    """
    edited = text_with_hash(path.read_bytes().decode(), table, name, sha256)
    if edited is None:
        entry = f"[{table}.{text_from_key(name)}]"
        sentence = f'{path}: no place was found for the hash of {entry}. Write it there yourself: sha256 = "{sha256}"'
        raise SettingsInvalid(problems=(sentence,))
    path.write_bytes(edited.encode())


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
        yield _adapter_standing(adapter, registry)


def record_adapter(registry: Registry, standing: AdapterStanding) -> None:
    """Write the hash of what is there into an operator's own file, unless there is one already."""
    if standing.sha256 is not None and standing.adapter.sha256 is None and registry.path != SHIPPED:
        record_hash(registry.path, standing.adapter.name, standing.sha256, table="adapters")


def _adapter_standing(adapter: Adapter, registry: Registry) -> AdapterStanding:
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
