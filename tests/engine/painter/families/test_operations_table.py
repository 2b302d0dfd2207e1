"""README says of each family what its checkpoint paints here."""

from __future__ import annotations

from pathlib import Path

from engine.contract.jobs import TEXT_OPERATIONS, Operation
from engine.models.registry.registry import read_registry
from tests.engine.painter.families.operations_table import COLUMNS, in_readme, rows_of, table
from tests.engine.painter.families.test_svd import films
from tests.engine.painter.families.test_transformers import folder

__all__ = ["films", "folder"]


async def test_the_table_of_operations_is_what_families_paint(checkpoints: Path, folder: Path, films: Path) -> None:
    """`python -m tests.engine.painter.families.operations_table` writes it."""
    rows = await rows_of(read_registry(checkpoints / "registry.toml"))
    rows |= await rows_of(read_registry(folder / "registry.toml"))
    rows |= await rows_of(read_registry(films / "registry.toml"))
    assert in_readme() == table(rows)


def test_the_table_has_every_operation() -> None:
    """But those whose result is text, for which the family does not matter."""
    assert set(COLUMNS) == set(Operation) - {*TEXT_OPERATIONS, Operation.TRAIN}
