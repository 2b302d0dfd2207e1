"""Parquet shards: their names, and how much one row group holds."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.feedback.exports import parquet
from engine.feedback.exports.made import Shards, open_made
from engine.feedback.exports.parquet import ParquetShards
from engine.feedback.exports.staging import Staging

SCHEMA = pa.schema([("number", pa.int64()), ("note", pa.string()), ("jpg_0", pa.binary())])


async def _written(folder: Path, rows: int, size: int) -> dict[str, pq.ParquetFile]:
    made = open_made(Staging(folder=folder, was_begun=False), "now")
    shards = ParquetShards(folder, SCHEMA, Shards(made, "numbers"))
    for number in range(rows):
        assert not shards.shards.passes("train", bytes(number))
        await shards.add("train", {"number": number, "note": None, "jpg_0": b"x" * size})
    await shards.finish()
    assert shards.shards.rows["train"] == rows
    return {path.name: pq.ParquetFile(path) for path in sorted((folder / "data").glob("*"))}


async def test_row_groups_hold_a_hundred_rows(tmp_path: Path) -> None:
    """A column without any value keeps its type."""
    files = await _written(tmp_path, 250, 10)
    (file,) = files.values()
    assert files.keys() == {"train-00000-of-00001.parquet"}
    assert [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)] == [100, 100, 50]
    assert file.schema_arrow == SCHEMA


async def test_large_rows_make_smaller_groups_and_more_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what is in memory is bounded by bytes, and every row is there once."""
    monkeypatch.setattr(parquet, "_GROUP_BYTES", 1000)
    monkeypatch.setattr(parquet, "_SHARD_BYTES", 3000)
    files = await _written(tmp_path, 25, 300)
    assert list(files) == [f"train-0000{number}-of-00003.parquet" for number in range(3)]
    groups = [file.metadata.row_group(at).num_rows for file in files.values() for at in range(file.num_row_groups)]
    assert groups == [4, 4, 4, 4, 4, 4, 1]
    assert [row["number"] for file in files.values() for row in file.read().to_pylist()] == list(range(25))


async def test_without_rows_there_is_no_file(tmp_path: Path) -> None:
    """An empty shard would make all splits unreadable."""
    assert await _written(tmp_path, 0, 0) == {}
    assert not (tmp_path / "data").exists()
