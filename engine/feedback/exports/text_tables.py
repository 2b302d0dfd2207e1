"""Formats that are a text file for each split, with pictures in folders beside them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from engine.feedback.exports.card import CardConfig
from engine.feedback.exports.text_files import TextFile, json_array, json_line
from engine.feedback.exports.writing import Publishing, Writer


class TextTablesWriter(Writer):
    """Writes a text file for each split; `rows` has to count what is added to them.

    tables: by split. schema: of all; None where it is the reader's own.
    """

    def __init__(
        self, folder: Path, publishing: Publishing, tables: Mapping[str, TextFile], schema: pa.Schema | None
    ) -> None:
        super().__init__(folder, publishing)
        self.tables = tables
        self._schema = schema

    async def finish(self) -> list[CardConfig]:
        """Write the files."""
        return await finish_tables("default", self.folder, self.tables, self._schema)

    def abandon(self) -> None:
        """Close the files as they are."""
        for table in self.tables.values():
            table.abandon()


class JsonTablesWriter(TextTablesWriter):
    """Writes a JSON array for each split."""

    def __init__(self, folder: Path, publishing: Publishing, names: Mapping[str, str], schema: pa.Schema) -> None:
        """`names` are those of the files, by split."""
        super().__init__(
            folder, publishing, {split: json_array(folder / name) for split, name in names.items()}, schema
        )

    async def add_row(self, split: str, row: Mapping[str, object]) -> None:
        """Add a row to a split."""
        await self.tables[split].add(json_line(row))


async def finish_tables(
    name: str, folder: Path, tables: Mapping[str, TextFile], schema: pa.Schema | None
) -> list[CardConfig]:
    """Write what is left of the tables of splits; return what the card says of those that there are."""
    for table in tables.values():
        await table.finish()
    filled = {split: table for split, table in tables.items() if table.num_lines}
    config = CardConfig(
        name=name,
        files={split: [table.path.relative_to(folder).as_posix()] for split, table in filled.items()},
        schema=schema,
        rows={split: table.num_lines for split, table in filled.items()},
        sizes={split: table.num_bytes for split, table in filled.items()},
    )
    return [config] if filled else []
