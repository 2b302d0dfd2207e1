"""Declares `easel privacy` and its command, as `easel/app.py` declares the others."""

# Imports inside the functions keep `easel --help` fast.

from __future__ import annotations

from typing import Annotated

import typer

from easel.options import Json, OnlyProblems, settings
from easel.output import Output
from easel.process.signals import run_command

privacy = typer.Typer(name="privacy", help="Erase what is stored of a member.", no_args_is_help=True)


@privacy.callback()
def of_member() -> None:
    """Erase what is stored of a member."""


@privacy.command()
def erase(
    member: Annotated[
        str, typer.Argument(metavar="ID", help="The user's id in Discord, or the member's id in the database.")
    ],
    is_confirmed: Annotated[bool, typer.Option("--yes", help="Do not ask whether you are sure.")] = False,
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Erase a member as they can with /privacy: prompts, pictures, presses, choices and the bot's messages."""
    from easel.commands.privacy import erase

    shown = Output(as_json=as_json, quiet=quiet)
    raise typer.Exit(run_command(erase(member, settings(), shown, is_confirmed=is_confirmed)))
