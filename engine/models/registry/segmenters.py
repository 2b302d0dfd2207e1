"""The segmenters of the models file: models that find in a picture what words name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine.models.registry.toml_values import TomlReader


@dataclass(frozen=True, kw_only=True)
class Segmenter:
    """A CLIPSeg model as `save_pretrained` of transformers writes it, with its processor; `sha256` as a model's."""

    name: str
    folder: Path
    licence: str
    sha256: str | None


def segmenters_from_data(data: Mapping[str, Any], reader: TomlReader) -> Mapping[str, Segmenter]:
    """Return the segmenters of the file by name, in its order; problems are added to `reader`."""
    tables = reader.table(data, "segmenters", "the file")
    found = {name: _segmenter(name, reader.table(tables, name, "segmenters"), reader) for name in tables}
    return MappingProxyType(found)


def _segmenter(name: str, table: Mapping[str, Any], reader: TomlReader) -> Segmenter:
    section = f"segmenters.{name}"
    reader.check_keys(table, {"folder", "licence", "sha256"}, section)
    folder = reader.text(table, "folder", section)
    if not folder:
        reader.add_problem(section, "folder is missing")
    return Segmenter(
        name=name,
        folder=reader.path.parent / folder,
        licence=reader.text(table, "licence", section, "unknown"),
        sha256=reader.text(table, "sha256", section) or None,
    )
