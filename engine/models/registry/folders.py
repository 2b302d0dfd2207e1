"""What the models file registers by its folder alone: segmenters, captioners, classifiers and scorers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine.contract.add_ons import AddOn
from engine.models.registry.toml_values import TomlReader

TABLES: Mapping[AddOn, str] = MappingProxyType(
    {
        AddOn.SEGMENTER: "segmenters",
        AddOn.CAPTIONER: "captioners",
        AddOn.CLASSIFIER: "classifiers",
        AddOn.SCORER: "scorers",
    }
)
"""The table of the file that registers each of them."""


@dataclass(frozen=True, kw_only=True)
class ModelFolder:
    """A model as `save_pretrained` of transformers writes it, with its processor.

    kind: a CLIPSeg, which finds in a picture what words name, is a segmenter; a model such as BLIP, which says in words
        what a picture shows, a captioner; a safety checker of diffusers, which says how unsafe a picture is, a
        classifier; a CLIP such as PickScore, which says how much people would like a picture of a text, a scorer.
    sha256: the hash of its files, None until it is recorded.
    """

    kind: AddOn
    name: str
    folder: Path
    licence: str
    sha256: str | None


Folders = Mapping[AddOn, Mapping[str, ModelFolder]]


def folders_from_data(data: Mapping[str, Any], reader: TomlReader) -> Folders:
    """Return those of each kind by name, in the file's order; problems are added to `reader`."""
    found = dict[AddOn, Mapping[str, ModelFolder]]()
    for kind, table in TABLES.items():
        named = reader.table(data, table, "the file")
        found[kind] = MappingProxyType({name: _folder(kind, name, named, reader) for name in named})
    return MappingProxyType(found)


def _folder(kind: AddOn, name: str, named: Mapping[str, Any], reader: TomlReader) -> ModelFolder:
    table, section = reader.table(named, name, TABLES[kind]), f"{TABLES[kind]}.{name}"
    reader.check_keys(table, {"folder", "licence", "sha256"}, section)
    folder = reader.text(table, "folder", section)
    if not folder:
        reader.add_problem(section, "folder is missing")
    return ModelFolder(
        kind=kind,
        name=name,
        folder=reader.path.parent / folder,
        licence=reader.text(table, "licence", section, "unknown"),
        sha256=reader.text(table, "sha256", section) or None,
    )
