"""Declares `easel loras` and its commands, as `easel/app.py` declares the others."""

# Imports inside the functions keep `easel --help` fast.

from __future__ import annotations

from typing import Annotated

import typer

from easel.options import Json, OnlyProblems, settings
from easel.output import Output
from easel.process.signals import run_command

loras = typer.Typer(name="loras", help="List and remove LoRAs that members have trained.", no_args_is_help=True)


@loras.command("list")
def list_loras(
    limit: Annotated[int, typer.Option(min=1, max=10**6, help="How many, the newest first.")] = 100,
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only the ids.")] = False,
) -> None:
    """List the LoRAs that members have trained, with whose they are and how often they are shared."""
    from easel.commands.loras import show

    run_command(show(limit, settings(), Output(as_json=as_json, quiet=quiet)))


@loras.command()
def remove(
    lora: Annotated[str, typer.Argument(help="Id of the LoRA.")],
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Remove a LoRA for good, wherever it is shared. Pictures that were made with it stay."""
    from easel.commands.loras import remove

    raise typer.Exit(run_command(remove(lora, settings(), Output(as_json=as_json, quiet=quiet))))
