"""The source of a model's weights in the models file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.models.formats import format_of
from engine.models.registry.toml_values import TomlReader

SOURCES = ("folder", "file", "hub")
DETAILS = ("revision", "variant", "config")


@dataclass(frozen=True, kw_only=True)
class WeightSource:
    """The source of weights: exactly one of a diffusers folder, a single `.safetensors` file, or a Hub id.

    revision: commit or tag on the Hub; None for the latest.
    variant: variant of the weights in a folder or on the Hub, such as `fp16`; None for the default weights.
    config: folder or Hub id with the configuration of a single file.
    """

    folder: Path | None = None
    file: Path | None = None
    hub: str | None = None
    revision: str | None = None
    variant: str | None = None
    config: str | None = None


def source_from_table(table: Mapping[str, Any], section: str, reader: TomlReader) -> WeightSource:
    """Return the source in a model's table; problems are added to `reader`."""
    given = [name for name in SOURCES if name in table]
    if len(given) != 1:
        reader.add_problem(section, f"set exactly one of {', '.join(SOURCES)}, not {len(given)}")
    base = reader.path.parent
    folder, file, hub = (reader.text(table, name, section) for name in SOURCES)
    if file:
        check_file(file, section, reader)
    return WeightSource(
        folder=base / folder if folder else None,
        file=base / file if file else None,
        hub=hub or None,
        revision=reader.text(table, "revision", section) or None,
        variant=_variant(reader.text(table, "variant", section), file, section, reader),
        config=_config(reader.text(table, "config", section), section, reader),
    )


def check_file(file: str, section: str, reader: TomlReader) -> None:
    """Add a problem for a weights file that is not safetensors."""
    if not file.endswith(".safetensors"):
        kind = format_of(file)
        told = f": this is {kind.name}. {kind.advice}" if kind else ". Only this format can be opened without risk"
        reader.add_problem(section, f"file must be a .safetensors file, not {file!r}{told}")


def _variant(variant: str, file: str, section: str, reader: TomlReader) -> str | None:
    if variant and file:
        reader.add_problem(section, "variant works only with folder or hub, not with file")
    if not re.fullmatch(r"[\w-]*", variant):
        reader.add_problem(section, f"variant can contain only letters, digits, _ and -, not {variant!r}")
    return variant or None


def _config(config: str, section: str, reader: TomlReader) -> str | None:
    """Return the path of the folder, if it exists relative to the models file, else the Hub id."""
    folder = reader.path.parent / config
    try:
        is_folder = folder.is_dir()
    except OSError as error:
        reader.add_problem(section, f"config is not a valid path: {error.strerror}")
        return None
    return str(folder) if config and is_folder else config or None
