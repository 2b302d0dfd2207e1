"""The ControlNets of the models file: networks that steer what a model paints by a picture."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine.models.registry.ability_sets import CONTROL_ABILITY
from engine.models.registry.families import family_from_table
from engine.models.registry.toml_values import TomlReader

EDGES = "edges"
"""The kind of those whose control picture Easel makes: the edges of the picture in the prompt."""

_KIND = re.compile(r"[a-z][a-z -]{0,31}")


@dataclass(frozen=True, kw_only=True)
class ControlNet:
    """One ControlNet as `save_pretrained` of diffusers writes it, for the models of `family`.

    kind: what it reads: `EDGES`, which are found in any picture, or another word, such as depth or pose, for what a
        picture has to be already.
    folder, hub: where it is, exactly one of them. revision: commit or tag on the Hub; None for the latest.
    sha256: hash of its configuration and weights; None until it is recorded.
    """

    name: str
    kind: str
    family: str
    folder: Path | None
    hub: str | None
    revision: str | None
    licence: str
    sha256: str | None


def controls_from_data(data: Mapping[str, Any], reader: TomlReader) -> Mapping[str, ControlNet]:
    """Return the ControlNets of the file by name, in its order; problems are added to `reader`."""
    tables = reader.table(data, "controls", "the file")
    found = {name: _control(name, reader.table(tables, name, "controls"), reader) for name in tables}
    return MappingProxyType({name: control for name, control in found.items() if control is not None})


def _control(name: str, table: Mapping[str, Any], reader: TomlReader) -> ControlNet | None:
    section = f"controls.{name}"
    reader.check_keys(table, {"family", "folder", "hub", "kind", "licence", "revision", "sha256"}, section)
    folder, hub = (reader.text(table, key, section) for key in ("folder", "hub"))
    if bool(folder) == bool(hub):
        reader.add_problem(section, "set exactly one of folder and hub")
    kind = reader.text(table, "kind", section)
    if not _KIND.fullmatch(kind) or kind == "canny":
        told = f"not {kind!r}" if kind else "such as edges, depth or pose"
        reader.add_problem(section, f'kind must be "{EDGES}" for Canny edges, or another word in small letters, {told}')
    family = family_from_table(table, section, reader)
    if family is None:
        return None
    if not family.abilities >= CONTROL_ABILITY:
        reader.add_problem(section, f"models of family {family.name} cannot use ControlNets")
    return ControlNet(
        name=name,
        kind=kind,
        family=family.name,
        folder=reader.path.parent / folder if folder else None,
        hub=hub or None,
        revision=reader.text(table, "revision", section) or None,
        licence=reader.text(table, "licence", section, "unknown"),
        sha256=reader.text(table, "sha256", section) or None,
    )
