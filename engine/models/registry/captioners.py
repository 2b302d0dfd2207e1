"""The captioners of the models file: models that say in words what a picture shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine.models.registry.toml_values import TomlReader


@dataclass(frozen=True, kw_only=True)
class Captioner:
    """A model such as BLIP, as `save_pretrained` of transformers writes it, with its processor; `sha256` as a
    segmenter's."""

    name: str
    folder: Path
    licence: str
    sha256: str | None


def captioners_from_data(data: Mapping[str, Any], reader: TomlReader) -> Mapping[str, Captioner]:
    """Return the captioners of the file by name, in its order; problems are added to `reader`."""
    tables = reader.table(data, "captioners", "the file")
    found = {name: _captioner(name, reader.table(tables, name, "captioners"), reader) for name in tables}
    return MappingProxyType(found)


def _captioner(name: str, table: Mapping[str, Any], reader: TomlReader) -> Captioner:
    section = f"captioners.{name}"
    reader.check_keys(table, {"folder", "licence", "sha256"}, section)
    folder = reader.text(table, "folder", section)
    if not folder:
        reader.add_problem(section, "folder is missing")
    return Captioner(
        name=name,
        folder=reader.path.parent / folder,
        licence=reader.text(table, "licence", section, "unknown"),
        sha256=reader.text(table, "sha256", section) or None,
    )
