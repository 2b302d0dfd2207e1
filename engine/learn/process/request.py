"""What a training process is told, as a file in the folder of the training; standard library only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class SubjectOrder:
    """What is to be learnt: `subject`, `kind` and `model` as of a TrainingRequest, with the models file.

    seed: 0 to 2**31 - 1. classifies: whether the registered classifier looks at the pictures first.
    """

    subject: str
    kind: str
    model: str | None
    registry: str
    steps: int
    seed: int
    classifies: bool = True


def write_order(folder: Path, order: SubjectOrder, pictures: Sequence[bytes]) -> None:
    """Make the folder of a training, unless it is there and whole."""
    if (folder / _FILE).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    for at, png in enumerate(pictures):
        (folder / f"picture-{at:03}.png").write_bytes(png)
    # Renamed last: a folder with it is whole.
    partial = folder / f"{_FILE}.partial"
    partial.write_text(json.dumps(asdict(order)))
    partial.replace(folder / _FILE)


def read_order(folder: Path) -> SubjectOrder:
    """Return what `write_order` wrote."""
    return SubjectOrder(**json.loads((folder / _FILE).read_text()))


_FILE = "request.json"
