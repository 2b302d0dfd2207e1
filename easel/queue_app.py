"""Declares `easel queue` and its commands, as `easel/app.py` declares the others."""

# Imports inside the functions keep `easel --help` fast.

from __future__ import annotations

from typing import Annotated

import typer

from easel.options import Json, OnlyProblems, settings
from easel.output import Output
from easel.process.signals import run_command

queue = typer.Typer(name="queue", help="List, pause and cancel what waits for the engines.", no_args_is_help=True)


@queue.command("list")
def list_jobs(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The most jobs to list.")] = 20,
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """List the jobs that are painted and those that wait, in their order."""
    from easel.commands.queue import list_jobs

    run_command(list_jobs(limit, settings(), Output(as_json=as_json, quiet=quiet)))


@queue.command()
def pause(as_json: Json = False, quiet: OnlyProblems = False) -> None:
    """Let engines finish what they paint, and take nothing new. Members can go on asking."""
    from easel.commands.queue import pause

    run_command(pause(settings(), Output(as_json=as_json, quiet=quiet)))


@queue.command()
def resume(as_json: Json = False, quiet: OnlyProblems = False) -> None:
    """Let engines take jobs again."""
    from easel.commands.queue import resume

    run_command(resume(settings(), Output(as_json=as_json, quiet=quiet)))


@queue.command()
def drain(as_json: Json = False, quiet: OnlyProblems = False) -> None:
    """Pause the queue, and wait until nothing is painted any more, as before an upgrade."""
    from easel.commands.queue import drain

    run_command(drain(settings(), Output(as_json=as_json, quiet=quiet)))


@queue.command()
def cancel(
    jobs: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of jobs, from `easel queue list`.")],
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Cancel jobs; their members see it."""
    from easel.commands.queue import cancel, ids_from_texts

    raise typer.Exit(run_command(cancel(ids_from_texts(jobs), settings(), Output(as_json=as_json, quiet=quiet))))
