"""The hash of a model's folder as it was counted once, written anew: over every file that was thought to be read."""

from __future__ import annotations

import hashlib
from pathlib import Path

_COUNTED = {".safetensors", ".json", ".txt", ".model"}


def hash_of_everything(folder: Path) -> str:
    """Return the SHA-256 over the names and hashes of all files below the folder, of no part of the model as well."""
    total = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.suffix in _COUNTED):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(folder).as_posix()}\0{digest}\n".encode())
    return total.hexdigest()
