"""The starter's weights on disk: where they ship, what they must hash to, and the refusal of any other bytes.

`weights.sha256` beside them is in the format of `sha256sum`, which can check it as well.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from engine.contract.errors import WeightsMismatch, WeightsMissing

WEIGHTS = Path(__file__).with_name("weights")
"""The pipeline folder that ships with Easel."""

HASHES = "weights.sha256"


def verify_weights(folder: Path = WEIGHTS) -> None:
    """Return if every file of `folder` has the hash recorded for it.

    Raises WeightsMissing for the first file that is not there, WeightsMismatch for the first with other bytes.
    """
    if not (folder / HASHES).is_file():
        raise WeightsMissing(path=folder / HASHES)
    for line in (folder / HASHES).read_text().splitlines():
        expected, name = line.split("  ", 1)
        if not (folder / name).is_file():
            raise WeightsMissing(path=folder / name)
        if _hash(folder / name) != expected:
            raise WeightsMismatch(path=folder / name)


def record_weights(folder: Path) -> None:
    """Write the hashes of all files that are under `folder` now, the card and pictures of it left out."""
    files = sorted(file for file in folder.rglob("*") if file.suffix in {".json", ".safetensors"})
    lines = [f"{_hash(file)}  {file.relative_to(folder).as_posix()}\n" for file in files]
    (folder / HASHES).write_text("".join(lines))


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
