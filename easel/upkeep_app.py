"""Declares the commands with which an operator looks after an installation: `announce`, `backup`, `prune` and more."""

# Imports inside the functions keep `easel --help` fast.

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from easel.options import Json, OnlyProblems, settings
from easel.output import Output
from easel.process.signals import run_command

_AGE = re.compile(r"(\d{1,4})([dw])", re.ASCII)
_DAYS = {"d": 1, "w": 7}

# Without a name: its commands are those of `easel` itself.
upkeep = typer.Typer()


def _age_from_text(text: str) -> timedelta:
    found = _AGE.fullmatch(text)
    age = timedelta(days=int(found[1]) * _DAYS[found[2]]) if found else timedelta(0)
    if not age:
        raise typer.BadParameter(f'"{text}" is not an age. Write it in days or weeks, such as 90d or 12w.')
    return age


@upkeep.command()
def announce(
    text: Annotated[
        str | None, typer.Argument(help="What members read, in quotes; - reads standard input.", show_default=False)
    ] = None,
    is_dry: Annotated[bool, typer.Option("--dry-run", help="Count the servers, and announce nothing.")] = False,
    lists: Annotated[bool, typer.Option("--list", help="Show what was announced, and where it was posted.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many to list.")] = 10,
    withdrawn: Annotated[
        str | None, typer.Option("--withdraw", metavar="ID", help="Take an announcement back: by its id, as listed.")
    ] = None,
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Announce something in every server that has switched announcements on, each once."""
    from easel.commands.announce import announce_text, list_announcements, withdraw_announcement

    if [text is not None, lists, withdrawn is not None].count(True) != 1 or (is_dry and text is None):
        raise typer.BadParameter("Give the text, --list to see what was announced, or --withdraw to take it back.")
    shown = Output(as_json=as_json, quiet=quiet)
    if withdrawn is not None:
        raise typer.Exit(run_command(withdraw_announcement(withdrawn, settings(), shown)))
    if text is None:
        run_command(list_announcements(limit, settings(), shown))
        return
    said = sys.stdin.read().strip() if text == "-" else text.strip()
    raise typer.Exit(run_command(announce_text(said, settings(), shown, is_dry=is_dry)))


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
def prune(
    older_than: Annotated[
        timedelta,
        typer.Option(parser=_age_from_text, metavar="AGE", help="Age of the jobs, such as 90d or 12w."),
    ],
    below_rating: Annotated[
        int | None,
        typer.Option(min=2, max=4, help="Only those that were rated, and each time below this, of 1 to 4."),
    ] = None,
    is_unrated: Annotated[bool, typer.Option("--unrated", help="Only those that nobody rated.")] = False,
    is_dry: Annotated[bool, typer.Option("--dry-run", help="Count what would be deleted, and delete nothing.")] = False,
    is_confirmed: Annotated[bool, typer.Option("--yes", help="Do not ask whether you are sure.")] = False,
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Delete old jobs with their pictures and presses, but no favourites. Messages in Discord stay."""
    from easel.commands.prune import prune
    from engine.feedback.store.retention import Retention

    rule = Retention(before=datetime.now(UTC) - older_than, below=below_rating, is_unrated=is_unrated)
    shown = Output(as_json=as_json, quiet=quiet)
    raise typer.Exit(run_command(prune(rule, settings(), shown, is_dry=is_dry, is_confirmed=is_confirmed)))


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
