"""Weight files on disk, judged without opening them as tensors: whole, safe to open, and which ones they are.

Standard library only. A safetensors file begins with 8 bytes, little endian, that say how long its JSON header is.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.contract.errors import WeightsMismatch, WeightsMissing

# Formats that run code when they are opened.
PICKLES = frozenset({".bin", ".ckpt", ".pt", ".pth", ".pkl", ".pickle"})
_READ_SUFFIXES = frozenset({".safetensors", ".json", ".txt", ".model"})
_MAX_HEADER_BYTES = 100 * 1024 * 1024
_PICKLE_BEGINNINGS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04")


def weight_files(place: Path) -> list[Path]:
    """Return the files that a model is made of, in a fixed order; `place` is a folder or a single file.

    Raises: WeightsMissing.
    """
    if place.is_file():
        return [place]
    files = sorted(path for path in place.rglob("*") if path.suffix in _READ_SUFFIXES and path.is_file())
    if not any(path.suffix == ".safetensors" for path in files):
        raise WeightsMissing(path=place)
    return files


def hash_of(place: Path) -> str:
    """Return the SHA-256 over the names and contents of all files of a model; of the contents alone for one file.

    Raises: WeightsMissing.
    """
    if place.is_file():
        return _file_hash(place)
    total = hashlib.sha256()
    for path in weight_files(place):
        total.update(f"{path.relative_to(place).as_posix()}\0{_file_hash(path)}\n".encode())
    return total.hexdigest()


def check_whole(place: Path) -> None:
    """Read the headers of all safetensors files of a model and compare them with the files' sizes.

    Raises: WeightsMissing, WeightsMismatch for a truncated file or one that is no safetensors file.
    """
    for path in weight_files(place):
        if path.suffix == ".safetensors":
            header_of(path)


def header_of(path: Path) -> Mapping[str, Any]:
    """Return the header of a safetensors file: tensor names to dtype, shape and place.

    Raises: WeightsMissing, WeightsMismatch with a `cause` among its facts.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            return _header(file.read(8), file.read, size)
    except FileNotFoundError as error:
        raise WeightsMissing(path=path) from error
    except ValueError as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, cause: str) -> WeightsMismatch:
    error = WeightsMismatch(path=path)
    error.facts = {**error.facts, "cause": cause}
    return error


def _header(length: bytes, read: Any, size: int) -> Mapping[str, Any]:
    header_bytes = int.from_bytes(length, "little")
    if len(length) < 8 or header_bytes > min(size - 8, _MAX_HEADER_BYTES):
        # Only here: a header of 1408 bytes begins as a pickle does.
        if length.startswith(_PICKLE_BEGINNINGS):
            raise ValueError("it is a pickle, which can run code when it is opened")
        raise ValueError("its header is longer than the file")
    header = json.loads(read(header_bytes))
    end = max((tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"), default=0)
    if 8 + header_bytes + end != size:
        raise ValueError(f"it has {size} bytes where its header says {8 + header_bytes + end}")
    return header  # type: ignore[no-any-return]


def _file_hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise WeightsMissing(path=path) from error


def num_weights(place: Path) -> int:
    """Return how many numbers the weights of a model are, as the headers of its files say.

    Raises: WeightsMissing, WeightsMismatch.
    """
    files = [path for path in weight_files(place) if path.suffix == ".safetensors" and _is_of_pipeline(path, place)]
    return sum(math.prod(shape) for path in files for _, shape in tensors_of(header_of(path)))


def _is_of_pipeline(path: Path, place: Path) -> bool:
    """Return whether a file belongs to a part that the folder's index names; other folders may lie beside them."""
    index = place / "model_index.json"
    return not index.is_file() or path.parent.name in json.loads(index.read_text(encoding="utf-8"))


def tensors_of(header: Mapping[str, Any]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield name and shape of every tensor of a safetensors header."""
    for name, tensor in header.items():
        if name != "__metadata__":
            yield name, tuple(tensor["shape"])
