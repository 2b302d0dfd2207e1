"""The registry: one TOML file that names the models and adapters, read whole and checked before anything is loaded.

Standard library only; nothing here opens weights.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine.contract.errors import ModelUnknown, SettingsInvalid
from engine.contract.jobs import Operation
from engine.models.families import FAMILIES, Family
from engine.models.faults import Faults

SHIPPED = Path(__file__).with_name("registry.toml")


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where weights are: exactly one of a diffusers folder, a single `.safetensors` file, or a hub id.

    revision: commit or tag at the hub; None elsewhere.
    variant: which copy of its weights is read of a folder or hub, such as `fp16`; None reads the plain ones.
    config: folder or hub id that holds the configuration of a single file; None elsewhere.
    """

    folder: Path | None = None
    file: Path | None = None
    hub: str | None = None
    revision: str | None = None
    variant: str | None = None
    config: str | None = None


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """What a job gets when it does not say: pixels, steps, guidance scale, sampler."""

    width: int
    height: int
    steps: int
    guidance: float
    sampler: str


@dataclass(frozen=True, kw_only=True)
class Abilities:
    """What a job may ask of a model.

    multiple: both sides are multiples of this many pixels.
    min_side, max_side: bounds of a side, pixels.
    """

    operations: tuple[Operation, ...]
    samplers: tuple[str, ...]
    multiple: int
    min_side: int
    max_side: int
    max_steps: int


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model as its operator registered it.

    sha256: hash over all its weights and configurations; None until it was recorded by `check` or `add`.
    """

    name: str
    family: Family
    source: Source
    defaults: Defaults
    abilities: Abilities
    licence: str
    sha256: str | None


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """One LoRA file: it fits every model of `family`, or only `model` when that is given."""

    name: str
    file: Path
    family: str
    model: str | None
    sha256: str | None


@dataclass(frozen=True, kw_only=True)
class Registry:
    """All that the file names; `default` is the model of a job that names none."""

    path: Path
    default: str
    models: Mapping[str, Model]
    adapters: Mapping[str, Adapter]

    def model(self, name: str | None = None) -> Model:
        """Return the model called `name`, or the default.

        Raises: ModelUnknown.
        """
        wanted = name or self.default
        if wanted not in self.models:
            raise ModelUnknown(name=wanted, known=tuple(self.models))
        return self.models[wanted]

    def adapters_of(self, model: Model) -> tuple[Adapter, ...]:
        """Return the adapters that were registered for the model."""
        return tuple(
            adapter
            for adapter in self.adapters.values()
            if adapter.family == model.family.name and adapter.model in (None, model.name)
        )


def read_registry(path: Path = SHIPPED) -> Registry:
    """Return the registry in the TOML file at `path`; relative paths in it start at its folder.

    Raises: SettingsInvalid with every fault of the file at once.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsInvalid(problems=(f"{path}: cannot be read ({error.strerror})",)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsInvalid(problems=(f"{path}: not TOML: {error}",)) from error
    return registry_from_data(data, path)


def registry_from_data(data: Mapping[str, Any], path: Path) -> Registry:
    """Return the registry that the parsed TOML describes.

    Raises: SettingsInvalid with every fault at once.
    """
    faults = Faults(path)
    faults.unknown(data, {"default", "models", "adapters"}, "the file")
    tables = faults.table(data, "models", "the file")
    models = {name: _model(name, faults.table(tables, name, "models"), faults) for name in tables}
    names = faults.table(data, "adapters", "the file")
    adapters = {name: _adapter(name, faults.table(names, name, "adapters"), faults) for name in names}
    default = faults.text(data, "default", "the file", next(iter(models), ""))
    if default not in models:
        faults.add("the file", f"default is {default!r}, which is not among the models")
    faults.raise_any()
    return Registry(
        path=path,
        default=default,
        models=MappingProxyType({name: model for name, model in models.items() if model}),
        adapters=MappingProxyType({name: adapter for name, adapter in adapters.items() if adapter}),
    )


def _model(name: str, table: Mapping[str, Any], faults: Faults) -> Model | None:
    place = f"models.{name}"
    faults.unknown(table, {"family", "licence", "sha256", "defaults", "abilities", *_SOURCES, *_SOURCE_DETAILS}, place)
    if table.get("family") not in FAMILIES:
        faults.add(place, f"family is {table.get('family')!r}; known are {', '.join(FAMILIES)}")
        return None
    family = FAMILIES[table["family"]]
    abilities = _abilities(faults.table(table, "abilities", place), family, f"{place}.abilities", faults)
    return Model(
        name=name,
        family=family,
        source=_source(table, place, faults),
        defaults=_defaults(faults.table(table, "defaults", place), family, abilities, f"{place}.defaults", faults),
        abilities=abilities,
        licence=faults.text(table, "licence", place, "unknown"),
        sha256=faults.text(table, "sha256", place) or None,
    )


_SOURCES = ("folder", "file", "hub")
_SOURCE_DETAILS = ("revision", "variant", "config")


def _source(table: Mapping[str, Any], place: str, faults: Faults) -> Source:
    given = [name for name in _SOURCES if name in table]
    if len(given) != 1:
        faults.add(place, f"exactly one of {', '.join(_SOURCES)} must say where the weights are, not {len(given)}")
    base = faults.path.parent
    folder, file, hub = (faults.text(table, name, place) for name in _SOURCES)
    if file and not file.endswith(".safetensors"):
        faults.add(place, f"file must be a .safetensors file, not {file!r}: other formats can run code when opened")
    return Source(
        folder=base / folder if folder else None,
        file=base / file if file else None,
        hub=hub or None,
        revision=faults.text(table, "revision", place) or None,
        variant=_variant(faults.text(table, "variant", place), file, place, faults),
        config=_config(base, faults.text(table, "config", place)),
    )


def _variant(variant: str, file: str, place: str, faults: Faults) -> str | None:
    if variant and file:
        faults.add(place, "variant is one of the copies in a folder or at a hub, and a file is only one")
    if not re.fullmatch(r"[\w-]*", variant):
        faults.add(place, f"variant is {variant!r}, which is in no file's name: letters, digits, _ and - only")
    return variant or None


def _config(base: Path, config: str) -> str | None:
    """Return the folder, relative to the file's, or else the hub id."""
    return str(base / config) if config and (base / config).is_dir() else config or None


def _abilities(table: Mapping[str, Any], family: Family, place: str, faults: Faults) -> Abilities:
    faults.unknown(table, {"operations", "samplers", "multiple", "min_side", "max_side", "max_steps"}, place)
    operations = faults.choices(table, "operations", place, tuple(operation.value for operation in Operation))
    return Abilities(
        operations=tuple(Operation(value) for value in operations),
        samplers=faults.choices(table, "samplers", place, family.samplers),
        multiple=faults.whole(table, "multiple", place, family.multiple),
        min_side=faults.whole(table, "min_side", place, family.side // 4),
        max_side=faults.whole(table, "max_side", place, family.side * 2),
        max_steps=faults.whole(table, "max_steps", place, 150),
    )


def _defaults(table: Mapping[str, Any], family: Family, abilities: Abilities, place: str, faults: Faults) -> Defaults:
    faults.unknown(table, {"width", "height", "steps", "guidance", "sampler"}, place)
    sampler = faults.text(table, "sampler", place, family.sampler)
    if sampler not in abilities.samplers:
        faults.add(place, f"sampler is {sampler!r}; known are {', '.join(abilities.samplers)}")
    defaults = Defaults(
        width=faults.whole(table, "width", place, family.side),
        height=faults.whole(table, "height", place, family.side),
        steps=faults.whole(table, "steps", place, family.steps),
        guidance=faults.number(table, "guidance", place, family.guidance, 0.0),
        sampler=sampler,
    )
    for side in (defaults.width, defaults.height):
        if side % abilities.multiple or not abilities.min_side <= side <= abilities.max_side:
            faults.add(
                place,
                f"a side of {side} is no multiple of {abilities.multiple}"
                f" between {abilities.min_side} and {abilities.max_side}",
            )
    return defaults


def _adapter(name: str, table: Mapping[str, Any], faults: Faults) -> Adapter | None:
    place = f"adapters.{name}"
    faults.unknown(table, {"file", "family", "model", "sha256"}, place)
    file = faults.text(table, "file", place)
    if not file.endswith(".safetensors"):
        faults.add(place, f"file must be a .safetensors file, not {file!r}: other formats can run code when opened")
    family = faults.choice(table, "family", place, tuple(FAMILIES))
    if "lora" not in FAMILIES[family].abilities:
        faults.add(place, f"a model of family {family} takes no adapters")
    return Adapter(
        name=name,
        file=faults.path.parent / file,
        family=family,
        model=faults.text(table, "model", place) or None,
        sha256=faults.text(table, "sha256", place) or None,
    )
