"""How a command prints what it did: in sentences, as JSON, or only what is asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.table import Table

_ANY_WIDTH = 100_000


@dataclass(frozen=True, kw_only=True)
class Output:
    """The options `--json` and `--quiet`, which every command has that ends by itself.

    as_json: print what was done as JSON. quiet: print nothing but results that are asked for, and problems.
    """

    as_json: bool = False
    quiet: bool = False

    def print_done(self, sentence: str, data: object) -> None:
        """Print what was done: `data` as JSON, or the sentence unless it is quiet."""
        if self.as_json:
            self.print_json(data)
        elif not self.quiet:
            typer.echo(sentence)

    def print_json(self, data: object) -> None:
        """Print the data as JSON."""
        typer.echo(json.dumps(data, ensure_ascii=False, indent=2))


def print_whole(table: Table) -> None:
    """Print a table as wide as its words: a terminal breaks long lines itself, and an id copied from them is whole."""
    # Here, because it takes long and few commands need it.
    from rich.console import Console

    console = Console(markup=False, emoji=False, highlight=False, width=_ANY_WIDTH)
    with console.capture() as drawn:
        console.print(table)
    typer.echo("\n".join(line.rstrip() for line in drawn.get().splitlines()))
