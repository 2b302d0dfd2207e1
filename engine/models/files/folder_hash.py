"""The hashes of what has no index: a folder as transformers saves it, and an IP-Adapter with such a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from engine.contract.errors import WeightsMismatch, WeightsMissing
from engine.models.files.weights import hash_of
from engine.models.formats import formats_in

_READ = frozenset({".safetensors", ".json", ".txt"})


def folder_hash(folder: Path, recorded: str | None) -> str:
    """Return the SHA-256 of the names and contents of the files in the folder that loading may read.

    Raises: WeightsMissing without weights in safetensors, with a `cause` among its facts if the folder is there;
        WeightsMismatch if another one is recorded.
    """
    files = sorted(path for path in folder.glob("*") if path.suffix in _READ and path.is_file())
    if not any(path.suffix == ".safetensors" for path in files):
        raise _without_weights(folder)
    return hash_of_files(files, recorded, folder)


def _without_weights(folder: Path) -> WeightsMissing:
    """Return the error of a folder without weights, with what it has instead."""
    error = WeightsMissing(path=folder)
    if folder.is_dir():
        kinds = formats_in(sorted(path.name for path in folder.glob("*")))
        found = f"it has {kinds[0].files}, and needs" if kinds else "it lacks"
        error.facts = {**error.facts, "cause": f"{found} weights in safetensors"}
    return error


def hash_of_files(files: Sequence[Path], recorded: str | None, place: Path) -> str:
    """Return the SHA-256 of the names and contents of the files, in their order.

    place: named in the error.

    Raises: WeightsMismatch if another one is recorded.
    """
    total = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            total.update(f"{path.name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    if recorded not in (None, total.hexdigest()):
        raise WeightsMismatch(path=place)
    return total.hexdigest()


def ip_adapter_hash(file: Path, encoder: Path) -> str:
    """Return the SHA-256 of an IP-Adapter's weights and its image encoder: both say what is painted.

    Raises: WeightsMissing.
    """
    return hashlib.sha256(f"{hash_of(file)}\n{folder_hash(encoder, None)}\n".encode()).hexdigest()
