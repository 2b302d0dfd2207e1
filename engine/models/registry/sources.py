"""Where the weights of a registered model come from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.models.registry.toml_values import Faults

SOURCES = ("folder", "file", "hub")
DETAILS = ("revision", "variant", "config")


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


def source_from_table(table: Mapping[str, Any], place: str, faults: Faults) -> Source:
    """Return the source that a model's table names; what is wrong goes to `faults`."""
    given = [name for name in SOURCES if name in table]
    if len(given) != 1:
        faults.add(place, f"exactly one of {', '.join(SOURCES)} must say where the weights are, not {len(given)}")
    base = faults.path.parent
    folder, file, hub = (faults.text(table, name, place) for name in SOURCES)
    if file and not file.endswith(".safetensors"):
        faults.add(place, f"file must be a .safetensors file, not {file!r}: other formats can run code when opened")
    return Source(
        folder=base / folder if folder else None,
        file=base / file if file else None,
        hub=hub or None,
        revision=faults.text(table, "revision", place) or None,
        variant=_variant(faults.text(table, "variant", place), file, place, faults),
        config=_config(faults.text(table, "config", place), place, faults),
    )


def _variant(variant: str, file: str, place: str, faults: Faults) -> str | None:
    if variant and file:
        faults.add(place, "variant is one of the copies in a folder or at a hub, and a file is only one")
    if not re.fullmatch(r"[\w-]*", variant):
        faults.add(place, f"variant is {variant!r}, which is in no file's name: letters, digits, _ and - only")
    return variant or None


def _config(config: str, place: str, faults: Faults) -> str | None:
    """Return the folder, relative to the file's, or else the hub id."""
    folder = faults.path.parent / config
    try:
        is_folder = folder.is_dir()
    except OSError as error:
        faults.add(place, f"config can be no folder's name: {error.strerror}")
        return None
    return str(folder) if config and is_folder else config or None
