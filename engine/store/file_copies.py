"""Files named by the hash of their bytes: how they are named, and written so that one that is there is whole."""

from __future__ import annotations

import hashlib
import os
from io import FileIO
from pathlib import Path
from uuid import uuid4

_AT_ONCE = 2**20


def key_from_bytes(data: bytes, suffix: str) -> str:
    """Return the key of `data`: two levels of folders from its SHA-256, then the hash and the extension."""
    return key_from_hash(hashlib.sha256(data).hexdigest(), suffix)


def key_from_hash(sha256: str, suffix: str) -> str:
    """Return the key of the data with this SHA-256, in hexadecimal."""
    return f"{folder_of_hash(sha256)}{suffix}"


def folder_of_hash(digest: str) -> str:
    """Return what the keys begin with of files whose hash begins with `digest`, of at least 4 digits."""
    return f"{digest[:2]}/{digest[2:4]}/{digest}"


def copy_checked(source: FileIO, path: Path, key: str) -> bool:
    """Copy a file to `path` and return True, unless its bytes are not those that `key` is of."""
    digest, buffer = hashlib.sha256(), memoryview(bytearray(_AT_ONCE))
    copied = _beside(path)
    try:
        with copied.open("xb", buffering=0) as file:
            while size := source.readinto(buffer):
                digest.update(buffer[:size])
                _write_all(file, buffer[:size])
        if key != key_from_hash(digest.hexdigest(), Path(key).suffix):
            return False
        copied.rename(path)
    finally:
        copied.unlink(missing_ok=True)
    return True


def take_whole(source: Path, path: Path, key: str) -> bool:
    """Move a file to `path` and return True, if it is there and its bytes are those that `key` is of."""
    try:
        with source.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return False
    if key != key_from_hash(digest, Path(key).suffix):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    source.rename(path)
    return True


def write_whole(path: Path, data: bytes) -> None:
    """Make the file, or nothing if it cannot be written."""
    written = _beside(path)
    try:
        written.write_bytes(data)
        written.rename(path)
    finally:
        written.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    """Return where the file is until it is whole; several may write it at once, and each has its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".{path.name}.{uuid4().hex}")


def _write_all(file: FileIO, data: memoryview) -> None:
    while data:
        data = data[os.write(file.fileno(), data) :]
