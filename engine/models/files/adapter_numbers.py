"""Checks that the numbers in an adapter are finite: one that is not spoils every picture, not only its own layer."""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from engine.models.files.weights import header_of

# Bits that are all set in infinity and in what is not a number, by dtype; an F8_E4M3 has no infinity.
_SPECIAL: Mapping[str, tuple[type[np.unsignedinteger], int]] = {
    "F64": (np.uint64, 0x7FF0_0000_0000_0000),
    "F32": (np.uint32, 0x7F80_0000),
    "F16": (np.uint16, 0x7C00),
    "BF16": (np.uint16, 0x7F80),
    "F8_E5M2": (np.uint8, 0x7C),
    "F8_E4M3": (np.uint8, 0x7F),
}


def tensor_not_finite(file: Path) -> str | None:
    """Return the first tensor, by name, in a safetensors file that has NaN or infinity, or None.

    Raises: WeightsMissing, WeightsMismatch.
    """
    header = header_of(file)
    with file.open("rb") as opened:
        start = 8 + int.from_bytes(opened.read(8), "little")
        with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for name in sorted(header.keys() - {"__metadata__"}):
                first, end = header[name]["data_offsets"]
                kind, bits = _SPECIAL.get(header[name]["dtype"], (np.uint8, 0))
                if bits and _has_special(data[start + first : start + end], kind, bits):
                    return name
    return None


def _has_special(data: bytes, kind: type[np.unsignedinteger], bits: int) -> bool:
    numbers = np.frombuffer(data[: len(data) - len(data) % np.dtype(kind).itemsize], dtype=kind)
    return bool(((numbers & kind(bits)) == bits).any())
