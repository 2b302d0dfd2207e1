"""Checks weight files without loading tensors: whether they are complete and safe to open, and their hashes.

Standard library only. A safetensors file starts with the length of its JSON header: 8 bytes, little endian.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from engine.contract.errors import WeightsMismatch, WeightsMissing
from engine.models.files.json_files import object_in
from engine.models.files.selection import INDEX, FileSelection, parts_of, select_files
from engine.models.formats import format_of, formats_in

# Called with the bytes hashed so far and the total.
ProgressCallback = Callable[[int, int], None]

_MAX_HEADER_BYTES = 100 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
_PICKLE_BEGINNINGS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04")
# What is found under a name that ends in .safetensors, by its first bytes.
_OTHER_BEGINNINGS: Mapping[bytes, str] = {
    b"version ": "it is a pointer of Git LFS, not the file itself: run `git lfs pull` in its folder",
    b"<": "it is a web page, so the download failed or asks for a login",
    b"{": "it is JSON, such as the message of a server that the download failed",
    b"GGUF": "it is a GGUF file, whose weights are quantized, which is not supported",
    b"\x89HDF": "it is an HDF5 file, as TensorFlow and Keras save, which is not supported",
    b"ftrt": "it is a TensorRT engine, which is not supported",
    b"ptrt": "it is a TensorRT engine, which is not supported",
    b"7z\xbc\xaf": "it is a 7z archive, which must be unpacked",
    b"Rar!": "it is a RAR archive, which must be unpacked",
    b"\x1f\x8b": "it is a gzip archive, which must be unpacked",
}
_ONCE_COUNTED = frozenset({".safetensors", ".json", ".txt", ".model"})


def ignore_progress(done_bytes: int, total_bytes: int) -> None:
    """Do nothing."""


def select_in_folder(folder: Path, variant: str | None = None, paths: Iterable[str] | None = None) -> FileSelection:
    """Return the files of the pipeline in a folder.

    paths: of all files that the folder should have; None for those that it has.

    Raises: WeightsMissing without an index, WeightsMismatch with a `cause` among its facts for a damaged one.
    """
    content = index_of(folder)
    parts = parts_of(content)
    return select_files(content, _paths_in(folder, parts) if paths is None else paths, variant)


def index_of(folder: Path) -> Mapping[str, Any]:
    """Return the content of a pipeline's index, which lists at least one part.

    Raises: WeightsMissing without an index, WeightsMismatch with a `cause` among its facts for a damaged one.
    """
    index = folder / INDEX
    if folder.is_dir() and not index.exists():
        raise _missing_index(folder)
    with _translated(index):
        content = object_in(index)
        if not parts_of(content):
            raise ValueError("it lists no pipeline components")
        return content


def _missing_index(folder: Path) -> WeightsMissing:
    """Return the error of a folder without an index, with what it is instead."""
    names = sorted(path.relative_to(folder).as_posix() for path in (*folder.glob("*"), *folder.glob("*/*")))
    whole, kinds = format_of(folder.name), formats_in(names)
    single = [name for name in names if name.endswith(".safetensors") and "/" not in name]
    error = WeightsMissing(path=folder / INDEX)
    if whole is not None:
        cause = f"{folder.name} is {whole.name}. {whole.advice}"
    elif single:
        cause = f"it is no diffusers folder, but has {single[0]}. Register that with `file` instead of `folder`"
    elif kinds:
        cause = f"it is no diffusers folder, but has {kinds[0].files}. {kinds[0].advice}"
    else:
        cause = "it is no diffusers folder"
    error.facts = {**error.facts, "cause": cause}
    return error


def _paths_in(folder: Path, parts: Iterable[str]) -> Iterator[str]:
    """Yield the relative paths of all files of these parts; the folder of a part shared by models can be a link."""
    for part in parts:
        for parent, _, names in os.walk(folder / part):
            files = (Path(parent, name) for name in names)
            yield from (file.relative_to(folder).as_posix() for file in files if file.is_file())


def weight_files(place: Path, variant: str | None = None) -> list[Path]:
    """Return the files of a model that loading reads, sorted; `place` is a folder or a single file.

    Raises: WeightsMissing, WeightsMismatch; see `select_in_folder`.
    """
    if place.is_file():
        return [place]
    if not place.exists():
        raise WeightsMissing(path=place)
    files = sorted(place / path for path in select_in_folder(place, variant).files)
    if not any(path.suffix == ".safetensors" for path in files):
        raise WeightsMissing(path=place)
    return files


def hash_of(place: Path, variant: str | None = None, on_progress: ProgressCallback = ignore_progress) -> str:
    """Return the SHA-256 of the names and contents of the files that loading reads; for one file, of its content.

    Other files in the folder do not change the hash: other variants, other models, folders that are not a part.

    Raises: WeightsMissing, WeightsMismatch; see `weight_files`.
    """
    files = weight_files(place, variant)
    return _total(place, files, _hashes(files, on_progress))


def resolve_hash(
    place: Path, recorded: str | None, variant: str | None = None, on_progress: ProgressCallback = ignore_progress
) -> str:
    """Return the recorded hash if it matches the files, or `hash_of` if none was recorded.

    Earlier releases hashed every file in a folder, used or not. For a folder without other files, as `save_pretrained`
    writes it, both hashes are the same. For other folders (the starter, with CLIP next to its parts; repositories that
    were downloaded whole; chat templates, which did not count) an old hash in a models file or a recipe stays valid as
    long as the folder has all files that it was recorded from.

    Raises: WeightsMismatch if the hash does not match, WeightsMissing; see `weight_files`.
    """
    files = weight_files(place, variant)
    hashes = _hashes(files, on_progress)
    sha256 = _total(place, files, hashes)
    if recorded in (None, sha256):
        return sha256
    once = [place] if place.is_file() else _once_counted(place)
    hashes |= _hashes([path for path in once if path not in hashes], on_progress)
    if recorded != _total(place, once, hashes):
        raise WeightsMismatch(path=place)
    return str(recorded)


def _once_counted(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in _ONCE_COUNTED and path.is_file())


def _total(place: Path, files: Iterable[Path], hashes: Mapping[Path, str]) -> str:
    if place.is_file():
        return hashes[place]
    total = hashlib.sha256()
    for path in files:
        total.update(f"{path.relative_to(place).as_posix()}\0{hashes[path]}\n".encode())
    return total.hexdigest()


def _hashes(files: Collection[Path], on_progress: ProgressCallback) -> dict[Path, str]:
    total_bytes, done_bytes = sum(map(size_of, files)), 0
    hashes = {}
    for path in files:
        digest = hashlib.sha256()
        for chunk in _chunks(path):
            digest.update(chunk)
            done_bytes += len(chunk)
            on_progress(done_bytes, total_bytes)
        hashes[path] = digest.hexdigest()
    return hashes


def size_of(path: Path) -> int:
    """Return the size of a file in bytes.

    Raises: WeightsMissing.
    """
    with _translated(path):
        return path.stat().st_size


def _chunks(path: Path) -> Iterator[bytes]:
    with _translated(path), path.open("rb") as file:
        yield from iter(partial(file.read, _CHUNK_BYTES), b"")


def check_complete(place: Path, variant: str | None = None) -> None:
    """Check that the header of each safetensors file of a model agrees with the file's size.

    Raises: WeightsMissing, WeightsMismatch for a truncated file or one that is not a safetensors file.
    """
    for path in weight_files(place, variant):
        if path.suffix == ".safetensors":
            header_of(path)


def header_of(path: Path) -> Mapping[str, Any]:
    """Return the header of a safetensors file: dtype, shape and offsets by tensor name.

    Raises: WeightsMissing, WeightsMismatch with a `cause` among its facts.
    """
    size = size_of(path)
    with _translated(path), path.open("rb") as file:
        return _header(file.read(8), file.read, size)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Raise WeightsMissing, or WeightsMismatch with a cause, for a file that is not what it must be."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise WeightsMissing(path=path) from error
    except (OSError, ValueError) as error:
        mismatch = WeightsMismatch(path=path)
        cause = f"it cannot be read: {error.strerror}" if isinstance(error, OSError) else str(error)
        mismatch.facts = {**mismatch.facts, "cause": cause}
        raise mismatch from error


def _header(length: bytes, read: Any, size: int) -> Mapping[str, Any]:
    header_bytes = int.from_bytes(length, "little")
    if len(length) < 8 or header_bytes > min(size - 8, _MAX_HEADER_BYTES):
        # Checked only here, because a valid header of 1408 bytes starts like a pickle.
        if length.startswith(_PICKLE_BEGINNINGS):
            raise ValueError("it is a pickle, which can run code when opened")
        raise ValueError(_kind_of(length) or "its header is longer than the file")
    try:
        header = json.loads(read(header_bytes))
    except RecursionError as error:
        raise ValueError("its header is nested too deeply") from error
    if not isinstance(header, dict) or not isinstance(header.get("__metadata__", {}), dict):
        raise ValueError("its header is not that of a safetensors file")
    tensors = {name: tensor for name, tensor in header.items() if name != "__metadata__"}
    if (odd := next((name for name, tensor in tensors.items() if not _is_described(tensor)), None)) is not None:
        raise ValueError(f"its header does not say what the tensor {odd} is")
    end = max((tensor["data_offsets"][1] for tensor in tensors.values()), default=0)
    if 8 + header_bytes + end != size:
        raise ValueError(f"it has {size} bytes, but its header says {8 + header_bytes + end}")
    return header


def _kind_of(beginning: bytes) -> str | None:
    """Return what a file is that begins so and is no safetensors file, as the end of a sentence, or None."""
    if not beginning:
        return "it is empty"
    return next((kind for start, kind in _OTHER_BEGINNINGS.items() if beginning.startswith(start)), None)


def _is_described(tensor: object) -> bool:
    if not isinstance(tensor, dict) or not isinstance(tensor.get("dtype"), str):
        return False
    shape, offsets = tensor.get("shape"), tensor.get("data_offsets")
    if not isinstance(shape, list) or not isinstance(offsets, list) or len(offsets) != 2:
        return False
    return all(isinstance(number, int) and number >= 0 for number in (*shape, *offsets))


def num_parameters(place: Path, variant: str | None = None) -> int:
    """Return the number of parameters of a model, from the headers of its files.

    Raises: WeightsMissing, WeightsMismatch.
    """
    files = [path for path in weight_files(place, variant) if path.suffix == ".safetensors"]
    return sum(math.prod(shape) for path in files for _, shape in tensors_of(header_of(path)))


def tensors_of(header: Mapping[str, Any]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the name and shape of every tensor in a safetensors header."""
    for name, tensor in header.items():
        if name != "__metadata__":
            yield name, tuple(tensor["shape"])
