"""Declares `easel safety`."""

# Imports inside the functions keep `easel --help` fast.

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from easel.options import Json
from easel.output import Output

safety = typer.Typer(name="safety", no_args_is_help=True, help="Keep pictures from ever appearing.")


@safety.callback()
def group() -> None:
    """Keep pictures from ever appearing."""


@safety.command("hash")
def hash_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Pictures.")],
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only the lines and problems, as without it.")] = False,
) -> None:
    """Print the line of each picture for EASEL_HASHES_FILE."""
    from easel.commands.safety import hash_files

    raise typer.Exit(hash_files(files, Output(as_json=as_json, quiet=quiet)))
