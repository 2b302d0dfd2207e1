"""The adapters of the models file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.models.registry.ability_sets import ADAPTER_ABILITY
from engine.models.registry.families import family_from_table
from engine.models.registry.sources import check_file
from engine.models.registry.toml_values import TomlReader


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """One LoRA file: it works with every model of `family`, or only with `model` if it is set.

    is_style: whether it is the style of the community, which every picture has unless the prompt says otherwise.
    reward: file of what the community likes, by which `--best` chooses where this is the style; None for how near a
        picture is to the words.
    """

    name: str
    file: Path
    family: str
    model: str | None
    sha256: str | None
    is_style: bool = False
    reward: Path | None = None


def adapter_from_table(name: str, table: Mapping[str, Any], reader: TomlReader) -> Adapter | None:
    """Return the adapter of that name; None without its family. Problems are added to `reader`."""
    section = f"adapters.{name}"
    reader.check_keys(table, {"file", "family", "model", "style", "reward", "sha256"}, section)
    file = reader.text(table, "file", section)
    check_file(file, section, reader)
    reward = reader.text(table, "reward", section)
    if reward:
        check_file(reward, section, reader)
    family = family_from_table(table, section, reader)
    if family is None:
        return None
    if not family.abilities >= ADAPTER_ABILITY:
        reader.add_problem(section, f"models of family {family.name} cannot use adapters")
    return Adapter(
        name=name,
        file=reader.path.parent / file,
        family=family.name,
        model=reader.text(table, "model", section) or None,
        sha256=reader.text(table, "sha256", section) or None,
        is_style=reader.boolean(table, "style", section),
        reward=reader.path.parent / reward if reward else None,
    )
