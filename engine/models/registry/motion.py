"""The motion adapters of the models file: networks that let a model paint films."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine.models.registry.ability_sets import MOTION_FAMILIES
from engine.models.registry.families import family_from_table
from engine.models.registry.toml_values import TomlReader


@dataclass(frozen=True, kw_only=True)
class MotionAdapter:
    """One motion adapter as `save_pretrained` of diffusers writes it, for every model of `family`, or only for `model`.

    folder, hub: where it is, exactly one of them. revision: commit or tag on the Hub; None for the latest.
    sha256: hash of its configuration and weights; None until it is recorded.
    """

    name: str
    family: str
    model: str | None
    folder: Path | None
    hub: str | None
    revision: str | None
    licence: str
    sha256: str | None


def motion_adapters_from_data(data: Mapping[str, Any], reader: TomlReader) -> Mapping[str, MotionAdapter]:
    """Return the motion adapters of the file by name, in its order; problems are added to `reader`."""
    tables = reader.table(data, "motion_adapters", "the file")
    found = {name: _motion_adapter(name, reader.table(tables, name, "motion_adapters"), reader) for name in tables}
    return MappingProxyType({name: adapter for name, adapter in found.items() if adapter is not None})


def _motion_adapter(name: str, table: Mapping[str, Any], reader: TomlReader) -> MotionAdapter | None:
    section = f"motion_adapters.{name}"
    reader.check_keys(table, {"family", "folder", "hub", "licence", "model", "revision", "sha256"}, section)
    folder, hub = (reader.text(table, key, section) for key in ("folder", "hub"))
    if bool(folder) == bool(hub):
        reader.add_problem(section, "set exactly one of folder and hub")
    family = family_from_table(table, section, reader)
    if family is None:
        return None
    if family.name not in MOTION_FAMILIES:
        reader.add_problem(section, f"models of family {family.name} cannot use motion adapters")
    return MotionAdapter(
        name=name,
        family=family.name,
        model=reader.text(table, "model", section) or None,
        folder=reader.path.parent / folder if folder else None,
        hub=hub or None,
        revision=reader.text(table, "revision", section) or None,
        licence=reader.text(table, "licence", section, "unknown"),
        sha256=reader.text(table, "sha256", section) or None,
    )
