"""Makes an adapter the style of the community in the operator's models file, and takes that back.

The first style of the file is the one that counts, so that a promoted adapter stands before all others, between two
comments, and the one before it is the style again as soon as it is gone.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from engine.contract.add_ons import learned_name
from engine.contract.errors import SettingsInvalid
from engine.models.files.weights import hash_of
from engine.models.registry.registry import Model, read_registry
from engine.models.registry.toml_edit import quoted

FOLDER = "learned"
_BEGIN, _END = (
    "# Promoted by `easel learn promote`; `easel learn rollback` takes it out.",
    "# End of what was promoted.",
)
_BLOCK = re.compile(rf"{re.escape(_BEGIN)}\n(.*?){re.escape(_END)}\n+", re.DOTALL)
_NAME = re.compile(r"^\[adapters\.([^\]]+)\]$", re.MULTILINE)
_FIRST_ADAPTER = re.compile(r"^\s*(\[adapters\b|adapters\.)", re.MULTILINE)


def promote(path: Path, file: Path, model: Model, reward: Path | None = None) -> str:
    """Copy an adapter beside the models file, make it the style of the model, and return its name.

    reward: file of what the community likes, by which `--best` then chooses; None if there is none.

    The name has the beginning of the file's hash, so that each adapter has its own.

    Raises: SettingsInvalid if the file would not be valid with it or it is promoted already; it is then unchanged.
    """
    sha256 = hash_of(file)
    name = learned_name(sha256)
    if name in (registry := read_registry(path)).adapters:
        raise SettingsInvalid(problems=(f"This adapter is promoted already, as {name}.",))
    if (style := registry.style_of(model)) is not None and style.model not in (None, model.name):
        raise SettingsInvalid(problems=(f"The style {style.name} belongs to another model.",))
    (path.parent / FOLDER).mkdir(exist_ok=True)
    files = {"file": f"{FOLDER}/{name}.safetensors"}
    _copy(file, path.parent / files["file"])
    if reward is not None:
        files["reward"] = f"{FOLDER}/{name}.reward.safetensors"
        _copy(reward, path.parent / files["reward"])
    _write_checked(path, _with_block(path.read_text(), _block(name, files, model, sha256)), model, name)
    return name


def roll_back(path: Path) -> str | None:
    """Take the adapter out that was promoted last and return its name; None if there is none.

    Its file stays, because recipes name it.
    """
    text = path.read_text()
    found = _BLOCK.search(text)
    if found is None:
        return None
    _replace(path, text[: found.start()] + text[found.end() :])
    named = _NAME.search(found[1])
    return named[1] if named else None


def _copy(source: Path, place: Path) -> None:
    partial = place.with_name(f"{place.name}.partial")
    shutil.copyfile(source, partial)
    partial.replace(place)


def _block(name: str, files: Mapping[str, str], model: Model, sha256: str) -> str:
    lines = (
        _BEGIN,
        f"[adapters.{name}]",
        *(f"{key} = {quoted(file)}" for key, file in files.items()),
        f"family = {quoted(model.family.name)}",
        f"model = {quoted(model.name)}",
        "style = true",
        f"sha256 = {quoted(sha256)}",
        _END,
    )
    return "\n".join(lines) + "\n\n"


def _with_block(text: str, block: str) -> str:
    first = _BLOCK.search(text) or _FIRST_ADAPTER.search(text)
    if first is None:
        return f"{text.rstrip()}\n\n{block}"
    return text[: first.start()] + block + text[first.start() :]


def _write_checked(path: Path, text: str, model: Model, name: str) -> None:
    # Beside it, because paths in it are relative to its folder.
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.write_text(text)
        style = read_registry(draft).style_of(model)
    except SettingsInvalid as error:
        raise SettingsInvalid(problems=tuple(one.replace(str(draft), str(path)) for one in error.problems)) from error
    finally:
        draft.unlink(missing_ok=True)
    if style is None or style.name != name:
        raise SettingsInvalid(problems=(f"Another style comes first in {path}. Remove its line `style = true`.",))
    _replace(path, text)


def _replace(path: Path, text: str) -> None:
    """Write the file whole, with the permissions that it has; engines may read it at any moment."""
    place = path.resolve()
    partial = place.with_name(f".{place.name}.partial")
    try:
        partial.write_text(text)
        shutil.copymode(place, partial)
        partial.replace(place)
    finally:
        partial.unlink(missing_ok=True)
