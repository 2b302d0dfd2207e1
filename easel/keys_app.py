"""Declares `easel keys` and its commands, as `easel/app.py` declares the others."""

# Imports inside the functions keep `easel --help` fast.

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from easel.options import Json, OnlyProblems, settings
from easel.output import Output
from easel.process.signals import run_command

keys = typer.Typer(name="keys", help="Create, list and revoke keys of the API.", no_args_is_help=True)


class ScopeName(StrEnum):
    """The scopes as the command line offers them; `engine.contract.api_keys.Scope`, whose import takes long."""

    MODELS = "models"
    PAINT = "paint"
    READ = "read"


@keys.command()
def create(
    name: Annotated[str, typer.Argument(help="What you call it, such as the program that will use it.")],
    scope: Annotated[
        list[ScopeName] | None,
        typer.Option(help="What it may do; can be given again.", show_default="all of them"),
    ] = None,
    per_day: Annotated[int, typer.Option(min=1, max=10**6, help="Jobs that it may start in 24 hours.")] = 200,
    at_once: Annotated[int, typer.Option(min=1, max=1000, help="Unfinished jobs that it may have.")] = 4,
    cancel_abandoned: Annotated[
        bool, typer.Option("--cancel-abandoned", help="Cancel a job when whoever waits for it hangs up.")
    ] = False,
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only the key.")] = False,
) -> None:
    """Create a key and print it, once: only its hash is stored."""
    from easel.commands.keys import create
    from engine.contract.api_keys import Scope
    from engine.store.api_keys import KeyOptions

    options = KeyOptions(
        name=name,
        scopes=frozenset(map(Scope, scope or Scope)),
        jobs_per_day=per_day,
        jobs_at_once=at_once,
        cancels_abandoned=cancel_abandoned,
    )
    raise typer.Exit(run_command(create(options, settings(), Output(as_json=as_json, quiet=quiet))))


@keys.command("list")
def list_keys(
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only the names of keys in force.")] = False,
) -> None:
    """List the keys, with what they may do and when they were last used."""
    from easel.commands.keys import show

    run_command(show(settings(), Output(as_json=as_json, quiet=quiet)))


@keys.command()
def revoke(
    key: Annotated[str, typer.Argument(help="Name or id of the key.")],
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Revoke a key, from now on. Its jobs and pictures stay."""
    from easel.commands.keys import revoke

    raise typer.Exit(run_command(revoke(key, settings(), Output(as_json=as_json, quiet=quiet))))
