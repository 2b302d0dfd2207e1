"""Declares `easel queue` and its commands, as `easel/app.py` declares the others."""

# Imports inside the functions keep `easel --help` fast.

from __future__ import annotations

from typing import Annotated

import typer

from easel.options import Json, OnlyProblems, settings
from easel.output import Output
from easel.process.signals import run_command

queue = typer.Typer(name="queue", help="List, pause, move, cancel and retry jobs.", no_args_is_help=True)


@queue.command("list")
def list_jobs(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The most jobs to list.")] = 20,
    is_quarantined: Annotated[
        bool,
        typer.Option("--quarantined", help="List jobs that failed, and not because of what was asked, instead."),
    ] = False,
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only the ids of the jobs.")] = False,
) -> None:
    """List the jobs that are painted and those that wait, in their order."""
    from easel.commands.queue import list_jobs, list_quarantined

    listing = list_quarantined if is_quarantined else list_jobs
    run_command(listing(limit, settings(), Output(as_json=as_json, quiet=quiet)))


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

    raise typer.Exit(run_command(drain(settings(), Output(as_json=as_json, quiet=quiet))))


@queue.command()
def cancel(
    jobs: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of jobs, from `easel queue list`.")],
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Cancel jobs; their members see it."""
    from easel.commands.queue import cancel, ids_from_texts

    raise typer.Exit(run_command(cancel(ids_from_texts(jobs), settings(), Output(as_json=as_json, quiet=quiet))))


@queue.command()
def retry(
    jobs: Annotated[
        list[str] | None, typer.Argument(metavar="ID...", help="Ids of jobs, from `easel queue list --quarantined`.")
    ] = None,
    retries_all: Annotated[bool, typer.Option("--all", help="Retry every job in quarantine.")] = False,
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Put jobs that failed back into the queue; their messages follow them again."""
    from easel.commands.queue import ids_from_texts, retry

    if bool(jobs) == retries_all:
        raise typer.BadParameter("Name the jobs, or use --all for all of them.")
    chosen = None if retries_all else ids_from_texts(jobs or [])
    raise typer.Exit(run_command(retry(chosen, settings(), Output(as_json=as_json, quiet=quiet))))


@queue.command()
def move(
    job: Annotated[str, typer.Argument(metavar="ID", help="Id of a waiting job, from `easel queue list`.")],
    is_first: Annotated[bool, typer.Option("--first", help="Before all others.")] = False,
    is_last: Annotated[bool, typer.Option("--last", help="After all others.")] = False,
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Move a waiting job to the front or the end of the queue, whoever's turn it is."""
    from easel.commands.queue import ids_from_texts, move
    from engine.store.moving import End

    if is_first == is_last:
        raise typer.BadParameter("Say where to: --first or --last.")
    (job_id,) = ids_from_texts([job])
    end = End.FIRST if is_first else End.LAST
    raise typer.Exit(run_command(move(job_id, end, settings(), Output(as_json=as_json, quiet=quiet))))
