"""The IP-Adapters of the models file: networks that let a model paint after pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine.contract.references import PictureUse
from engine.models.registry.families import family_from_table
from engine.models.registry.sources import check_file
from engine.models.registry.toml_values import TomlReader

_SETTINGS = {"folder", "hub", "revision", "file", "image_encoder", "family", "model", "use", "blocks", "licence"}


@dataclass(frozen=True, kw_only=True)
class IPAdapter:
    """One IP-Adapter: it works with every model of `family`, or only with `model` if it is set.

    folder: with its files; None for those of the Hub id `hub`, at `revision` or the latest.
    file: its weights, from there on. image_encoder: the folder of the CLIP that reads the pictures, from there on.
    use: what the pictures that it reads are for.
    blocks: where in the UNet it works, by the beginnings of the blocks' names; everywhere if empty.
    sha256: hash of its weights and its image encoder; None until `easel models check` records it.
    """

    name: str
    folder: Path | None
    hub: str | None
    revision: str | None
    file: str
    image_encoder: str
    family: str
    model: str | None
    use: PictureUse
    blocks: tuple[str, ...]
    licence: str
    sha256: str | None


def ip_adapters_from_data(data: Mapping[str, Any], reader: TomlReader) -> Mapping[str, IPAdapter]:
    """Return the IP-Adapters of the file by name, in its order; problems are added to `reader`."""
    tables = reader.table(data, "ip_adapters", "the file")
    found = (_ip_adapter(name, reader.table(tables, name, "ip_adapters"), reader) for name in tables)
    return MappingProxyType({one.name: one for one in found if one is not None})


def first_by_use(ip_adapters: Iterable[IPAdapter], family: str, model: str) -> tuple[IPAdapter, ...]:
    """Return the first IP-Adapter for each use, of those that a model of the family can have."""
    found: dict[PictureUse, IPAdapter] = {}
    for one in ip_adapters:
        if one.family == family and one.model in (None, model):
            found.setdefault(one.use, one)
    return tuple(found.values())


def _ip_adapter(name: str, table: Mapping[str, Any], reader: TomlReader) -> IPAdapter | None:
    section = f"ip_adapters.{name}"
    reader.check_keys(table, _SETTINGS | {"sha256"}, section)
    family = family_from_table(table, section, reader)
    file, encoder, hub, folder, revision = (
        reader.text(table, key, section) for key in ("file", "image_encoder", "hub", "folder", "revision")
    )
    check_file(file, section, reader)
    if not encoder:
        reader.add_problem(section, "image_encoder is missing: the folder of the CLIP that reads the pictures")
    if hub and folder:
        reader.add_problem(section, "set one of folder, hub, not 2")
    if family is None:
        return None
    if not family.has_ip_adapters:
        reader.add_problem(section, f"models of family {family.name} cannot use IP-Adapters")
    return IPAdapter(
        name=name,
        folder=None if hub else reader.path.parent / folder,
        hub=hub or None,
        revision=revision or None,
        file=file,
        image_encoder=encoder,
        family=family.name,
        model=reader.text(table, "model", section) or None,
        use=PictureUse(reader.choice(table, "use", section, tuple(PictureUse))),
        blocks=_blocks(table, section, reader),
        licence=reader.text(table, "licence", section, "unknown"),
        sha256=reader.text(table, "sha256", section) or None,
    )


def _blocks(table: Mapping[str, Any], section: str, reader: TomlReader) -> tuple[str, ...]:
    blocks = table.get("blocks", [])
    if isinstance(blocks, list) and all(isinstance(block, str) and block for block in blocks):
        return tuple(blocks)
    reader.add_problem(section, 'blocks must be a list of names such as "up_blocks.0.attentions.1"')
    return ()
