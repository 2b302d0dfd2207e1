"""The upscalers of the models file: networks that make pictures larger without a prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine.models.registry.sources import check_file
from engine.models.registry.toml_values import TomlReader


@dataclass(frozen=True, kw_only=True)
class Upscaler:
    """One ESRGAN network in a `.safetensors` file; `sha256` is the hash of the file, None until it is recorded."""

    name: str
    file: Path
    licence: str
    sha256: str | None


def upscalers_from_data(data: Mapping[str, Any], reader: TomlReader) -> Mapping[str, Upscaler]:
    """Return the upscalers of the file by name, in its order; problems are added to `reader`."""
    tables = reader.table(data, "upscalers", "the file")
    return MappingProxyType({name: _upscaler(name, reader.table(tables, name, "upscalers"), reader) for name in tables})


def _upscaler(name: str, table: Mapping[str, Any], reader: TomlReader) -> Upscaler:
    section = f"upscalers.{name}"
    reader.check_keys(table, {"file", "licence", "sha256"}, section)
    file = reader.text(table, "file", section)
    check_file(file, section, reader)
    return Upscaler(
        name=name,
        file=reader.path.parent / file,
        licence=reader.text(table, "licence", section, "unknown"),
        sha256=reader.text(table, "sha256", section) or None,
    )
