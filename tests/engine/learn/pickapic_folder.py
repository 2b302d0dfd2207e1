"""Small folders of preferences in Pick-a-Pic's columns."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image


def png(red: int, blue: int, side: int = 32) -> bytes:
    """Return a picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (side, side), (red, 60, blue)).save(out, "PNG")
    return out.getvalue()


def row(winner: bytes, loser: bytes, caption: str = "a cat", **more: Any) -> dict[str, Any]:
    """Return a row in which the second picture was preferred."""
    facts = {"caption": caption, "jpg_0": loser, "jpg_1": winner, "label_0": 0.0, "label_1": 1.0}
    return {**facts, "x_weight": 1.0, "user_id": 1, **more}


def warm_rows(count: int) -> list[dict[str, Any]]:
    """Return preferences of several members for red pictures over blue ones."""
    return [
        row(png(200 + at % 50, at % 40), png(at % 40, 200 + at % 50), ("a cat", "a dog")[at % 2], user_id=at % 7)
        for at in range(count)
    ]


def save_rows(folder: Path, rows: Sequence[dict[str, Any]], split: str = "train") -> Path:
    """Write rows to a split of the folder, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows)), folder / f"{split}-00000-of-00001.parquet")
    return folder
