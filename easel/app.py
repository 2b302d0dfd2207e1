"""Declares the commands, their options and their help; `easel/commands/` runs them."""

# Imports inside the functions keep `easel --help` fast: torch and discord.py take seconds to import.

from __future__ import annotations

import asyncio
import sys
import warnings
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from easel.completion import CommandGroup
from easel.exit_codes import ExitCode, epilog, exit_code_from_error
from easel.export_options import Bounds, FormatName, MinWeight, OnlyModel, Release, Since, SplitSeed, Until
from easel.keys_app import keys
from easel.learn_app import learn
from easel.loras_app import loras
from easel.members_app import members
from easel.models_app import models
from easel.options import (
    ApiHost,
    ApiPort,
    FreshChat,
    HealthPort,
    Json,
    OnlyProblems,
    Port,
    Prompt,
    PublicUrl,
    Quiet,
    Supervised,
    pause_from_text,
    settings,
)
from easel.output import Output
from easel.privacy_app import privacy
from easel.process.signals import end_on_sigterm_as_first_process, run_command
from easel.queue_app import queue
from easel.safety_app import safety
from easel.upkeep_app import upkeep
from engine.contract.errors import EaselError

app = typer.Typer(
    name="easel",
    cls=CommandGroup,
    help="Easel: a self-hosted image service for Discord.",
    epilog=epilog(),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(keys)
app.add_typer(learn)
app.add_typer(loras)
app.add_typer(members)
app.add_typer(models)
app.add_typer(privacy)
app.add_typer(queue)
app.add_typer(safety)
app.add_typer(upkeep)

# A prompt may start with one of its own flags.
PROMPT_FIRST = {"ignore_unknown_options": True}


def _show_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        typer.echo(f"easel {version('easel')}")
        raise typer.Exit


@app.callback()
def easel(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Print the version and exit.")
    ] = False,
) -> None:
    """Easel: a self-hosted image service for Discord."""


@app.command()
def run(port: Port = 8642, fresh_chat: FreshChat = False) -> None:
    """Run Postgres, the engine and the bot. Without DISCORD_TOKEN, also run the sandbox and its chat page."""
    from easel.commands.run import run_everything

    raise typer.Exit(asyncio.run(run_everything(port, fresh_chat=fresh_chat)))


@app.command()
def bot(health_port: HealthPort = 8643, supervised: Supervised = False) -> None:
    """Run the bot: commands, buttons and deliveries."""
    from easel.serve import run_process, serve_bot

    run_process(partial(serve_bot, health_port), supervised=supervised)


@app.command()
def engine(health_port: HealthPort = 8644, quiet: Quiet = False, supervised: Supervised = False) -> None:
    """Run an engine that paints the jobs in the queue. Run one per GPU."""
    from easel.serve import run_process, serve_engine

    run_process(partial(serve_engine, health_port, quiet, supervised), supervised=supervised)


@app.command()
def api(
    port: ApiPort = 8645,
    host: ApiHost = "127.0.0.1",
    public_url: PublicUrl = None,
    health_port: HealthPort = 8646,
    supervised: Supervised = False,
) -> None:
    """Run the API for programs: OpenAI's images API, and Easel's own jobs. `easel keys` makes its keys."""
    from easel.serve import run_process
    from easel.serve_api import serve_api

    run_process(partial(serve_api, (host, port), public_url, health_port), supervised=supervised)


@app.command()
def sandbox(port: Port = 8642, fresh_chat: FreshChat = False, supervised: Supervised = False) -> None:
    """Run the sandbox: a local Discord with a chat page."""
    from easel.serve import run_process, serve_sandbox

    run_process(partial(serve_sandbox, port, fresh_chat, not supervised), supervised=supervised)


@app.command()
def migrate(as_json: Json = False, quiet: OnlyProblems = False) -> None:
    """Upgrade the database schema."""
    from easel.commands.migrate import migrate

    run_command(migrate(Output(as_json=as_json, quiet=quiet)))


@app.command(context_settings=PROMPT_FIRST)
def imagine(
    prompt: Prompt,
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write the grid to.")] = Path("grid.png"),
    image: Annotated[
        list[Path] | None, typer.Option(help="Picture to start from; can be given again.", exists=True, dir_okay=False)
    ] = None,
    wait: Annotated[
        timedelta,
        typer.Option(
            parser=pause_from_text, metavar="TIME", help="How long to wait for an engine where none uses DATABASE_URL."
        ),
    ] = timedelta(minutes=2),
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only the names of the files, and problems.")] = False,
) -> None:
    """Paint a grid from the terminal. It uses the same queue and engine as Discord."""
    from easel.commands.imagine import imagine
    from easel.output_paths import check_image

    shown = Output(as_json=as_json, quiet=quiet)
    painting = imagine(_given(prompt), check_image(output), settings(), shown, image or (), patience=wait)
    raise typer.Exit(run_command(painting))


@app.command()
def repaint(
    picture: Annotated[str, typer.Argument(help="Id of the picture, from `easel imagine` or an export.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write the picture to.")] = Path(
        "repainted.png"
    ),
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Paint a stored picture again from its recipe and compare the two."""
    from easel.commands.repaint import id_from_text, repaint
    from easel.output_paths import check_png

    shown = Output(as_json=as_json, quiet=quiet)
    raise typer.Exit(run_command(repaint(id_from_text(picture), check_png(output), settings(), shown)))


@app.command(context_settings=PROMPT_FIRST)
def parse(
    prompt: Prompt,
    model: Annotated[str, typer.Option("--for", help="Model of prompts that name none, instead of the default.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, as without it.")] = False,
    quiet: OnlyProblems = False,
) -> None:
    """Parse a prompt as `easel imagine` does, and print the result as JSON."""
    from easel.commands.parse import print_specs

    run_command(print_specs(_given(prompt), settings(), model, quiet=quiet))


@app.command()
def export(
    kind: FormatName,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write to.")],
    since: Since = None,
    until: Until = None,
    model: OnlyModel = None,
    min_weight: MinWeight = 0.0,
    split_seed: SplitSeed = 0,
    release: Release = None,
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Export jobs, pictures and events, or what members prefer. Names and Discord ids are removed."""
    from easel.commands.export import check_request, export

    bounds = Bounds(
        since=since, until=until, model=model, min_weight=min_weight, split_seed=split_seed, release=release
    )
    check_request(kind, bounds)
    shown = Output(as_json=as_json, quiet=quiet)
    raise typer.Exit(run_command(export(kind, output, bounds, settings(), shown)))


@app.command()
def stats(
    days: Annotated[
        int | None, typer.Option(min=1, max=36500, help="Days (UTC) to look back.", show_default="everything")
    ] = None,
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Show what members press, how they rate, and how far they agree. The bot serves the same as a page, /stats."""
    from easel.commands.stats import show_stats

    run_command(show_stats(days, settings(), Output(as_json=as_json, quiet=quiet)))


@app.command()
def doctor(
    port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65535, help="Port of the chat page.", show_default="that of the running Easel, or 8642"
        ),
    ] = None,
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Check everything Easel depends on and suggest fixes."""
    from easel.doctor.report import json_line, run_doctor, text

    raise typer.Exit(run_command(run_doctor(port, json_line if as_json else text, quiet=quiet)))


def main() -> None:
    """Run the command line; `ExitCode` has the exit codes."""
    # platformdirs warns about a fallback that Easel does not use.
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
    end_on_sigterm_as_first_process()
    try:
        app(prog_name="easel")
    except EaselError as error:
        from easel.errors import sentence_from_error

        typer.echo(sentence_from_error(error), err=True)
        sys.exit(exit_code_from_error(error))
    except OSError as error:
        from easel.errors import exit_code_from_os_error, sentence_from_os_error

        typer.echo(sentence_from_os_error(error), err=True)
        sys.exit(exit_code_from_os_error(error))
    except _database_errors() as error:
        from easel.postgres_errors import sentence_from_database_error

        typer.echo(sentence_from_database_error(error), err=True)
        sys.exit(ExitCode.DATABASE)


def _given(words: list[str]) -> str:
    """Return the prompt, also one without quotes, or read from standard input when it is a dash."""
    return sys.stdin.read().strip() if words == ["-"] else " ".join(words)


def _database_errors() -> tuple[type[Exception], ...]:
    """Return what the drivers of Postgres raise, if the command has loaded any."""
    if "asyncpg" not in sys.modules:
        return ()
    from easel.postgres_errors import database_errors

    return database_errors()
