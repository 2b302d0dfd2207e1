"""Parquet shards as the Hugging Face `datasets` library finds them: `data/{split}-NNNNN-of-NNNNN.parquet`; and tables.

Every shard has the schema that is given, row groups of at most `ROWS` rows, because a row group is read as one batch,
and no shard is empty, because an empty one makes all splits unreadable (measured with datasets 5.2.0).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.feedback.exports.hashed_file import HashedFile
from engine.feedback.exports.made import Shards
from engine.feedback.exports.staging import in_thread

ROWS = 100
# Of a table without pictures.
_TABLE_ROWS = 1000
# Of what is collected for one row group of a split, and of a file.
_GROUP_BYTES = 24 * 2**20
_SHARD_BYTES = 400 * 2**20

_Row = Mapping[str, Any]


class ParquetShards:
    """Writes rows to the shards of their splits; little is in memory at a time. Close it with `finish` or `abandon`.

    shards: knows which rows are there already, and has to be told of each row before it is added.
    """

    def __init__(self, folder: Path, schema: pa.Schema, shards: Shards) -> None:
        self.shards = shards
        self._folder, self._schema = folder / "data", schema
        self._binary = [field.name for field in schema if field.type == pa.binary()]
        self._collected: dict[str, list[_Row]] = {}
        self._collected_bytes: Counter[str] = Counter()
        self._open: dict[str, _OpenShard] = {}

    async def add(self, split: str, row: _Row) -> None:
        """Add a row to a split."""
        collected = self._collected.setdefault(split, [])
        collected.append(row)
        self._collected_bytes[split] += sum(len(row[name]) for name in self._binary)
        if len(collected) == ROWS or self._collected_bytes[split] >= _GROUP_BYTES:
            await in_thread(self._write_group, split)

    async def finish(self) -> None:
        """Write what is left, and give the shards their names."""
        for split in list(self._collected):
            await in_thread(self._write_group, split)
        for split in list(self._open):
            await in_thread(self._finish_shard, split)
        await in_thread(self.shards.place, self._path)

    def abandon(self) -> None:
        """Close the files as they are, for a folder that is thrown away."""
        for shard in self._open.values():
            shard.close()

    def _write_group(self, split: str) -> None:
        rows = self._collected.pop(split, [])
        if not rows:
            return
        table = pa.Table.from_pylist(rows, self._schema)
        shard = self._open.get(split) or self._open_shard(split)
        shard.writer.write_table(table, row_group_size=ROWS)
        shard.rows += len(rows)
        shard.size += table.nbytes
        self._collected_bytes[split] = 0
        if shard.size >= _SHARD_BYTES:
            self._finish_shard(split)

    def _open_shard(self, split: str) -> _OpenShard:
        # Pictures are compressed, and never the same often enough for a dictionary.
        text = [field.name for field in self._schema if field.type == pa.string()]
        compression = {name: "none" if name in self._binary else "zstd" for name in self._schema.names}
        file = HashedFile(self.shards.part(split))
        writer = pq.ParquetWriter(
            file, self._schema, compression=compression, use_dictionary=text, write_statistics=text
        )
        self._open[split] = _OpenShard(file=file, writer=writer)
        return self._open[split]

    def _finish_shard(self, split: str) -> None:
        shard = self._open.pop(split)
        shard.close()
        self.shards.finish(split, rows=shard.rows, size=shard.size, digest=shard.file.hexdigest())

    def _path(self, split: str, number: int, total: int) -> Path:
        return self._folder / f"{split}-{number:05}-of-{total:05}.parquet"


@dataclass(kw_only=True)
class _OpenShard:
    """A shard that is being written; size: in memory, in bytes."""

    file: HashedFile
    writer: pq.ParquetWriter
    rows: int = 0
    size: int = 0

    def close(self) -> None:
        self.writer.close()
        self.file.close()


class TableFile:
    """One Parquet file, which is not there unless it has a row; few rows are in memory. Close it as `ParquetShards`."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path, self.num_rows = path, 0
        self._schema = schema
        self._collected: list[_Row] = []
        self._writer: pq.ParquetWriter | None = None

    async def add(self, row: _Row) -> None:
        """Add a row."""
        self._collected.append(row)
        self.num_rows += 1
        if len(self._collected) == _TABLE_ROWS:
            await in_thread(self._write_group)

    async def finish(self) -> None:
        """Write what is left."""
        if self._collected:
            await in_thread(self._write_group)
        await in_thread(self.abandon)

    def abandon(self) -> None:
        """Close the file as it is."""
        if self._writer is not None:
            self._writer.close()

    def _write_group(self) -> None:
        if self._writer is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(self.path, self._schema, compression="zstd")
        self._writer.write_table(pa.Table.from_pylist(self._collected, self._schema))
        self._collected = []
