"""Declares the commands that keep an installation in good order: `backup`, `restore` and `version`."""

# Imports inside the functions keep `easel --help` fast.

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from easel.options import Json, OnlyProblems, settings
from easel.output import Output
from easel.process.signals import run_command

# Without a name: its commands are those of `easel` itself.
upkeep = typer.Typer()


@upkeep.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="Folder to back up to: empty, or with an earlier backup.")],
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Back up the database and its pictures while everything runs. Again into the same folder, only what is new."""
    from easel.commands.backup import backup

    raise typer.Exit(run_command(backup(folder, settings(), Output(as_json=as_json, quiet=quiet))))


@upkeep.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="Folder with a backup.")],
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Restore a backup into an empty database and its picture store."""
    from easel.commands.restore import restore

    raise typer.Exit(run_command(restore(folder, settings(), Output(as_json=as_json, quiet=quiet))))


@upkeep.command()
def version(as_json: Json = False, quiet: OnlyProblems = False) -> None:
    """Print the versions of Easel and its parts, and the schema of the code and of the database."""
    from easel.commands.version import show_version
    from engine.contract.errors import SettingsInvalid

    try:
        valid = settings()
    except SettingsInvalid:
        valid = None
    run_command(show_version(valid, Output(as_json=as_json, quiet=quiet)))
