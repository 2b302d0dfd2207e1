"""Edits of a model's folder: faults that files come with."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

Edit = Callable[[Path], None]


def without(file: str, start: str) -> Edit:
    return lambda folder: rewrite(folder / file, lambda tensors: {n: t for n, t in tensors.items() if start not in n})


def with_tensors(file: str, **more: Tensor) -> Edit:
    return lambda folder: rewrite(folder / file, lambda tensors: {**tensors, **more})


def rewrite(file: Path, change: Callable[[Mapping[str, Tensor]], dict[str, Tensor]]) -> None:
    save_file(change(load_file(file)), file)


def setting(file: str, **changes: Any) -> Edit:
    def edit(folder: Path) -> None:
        (folder / file).write_text(json.dumps({**json.loads((folder / file).read_text()), **changes}))

    return edit
