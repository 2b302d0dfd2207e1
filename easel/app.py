"""Declares the commands, their options and their help; `easel/commands/` runs them."""

# Imports inside the functions keep `easel --help` fast: torch and discord.py take seconds to import.

from __future__ import annotations

import asyncio
import sys
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from easel.exit_codes import ExitCode, epilog, exit_code_from_error
from easel.export_options import Bounds, MinWeight, OnlyModel, Since, SplitSeed, Until
from easel.output import Output
from easel.process.signals import run_command
from engine.contract.errors import EaselError
from engine.models.registry.families import FAMILIES

if TYPE_CHECKING:
    from bot.settings import BotSettings

app = typer.Typer(
    name="easel",
    help="Easel: a self-hosted image service for Discord.",
    epilog=epilog(),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

models = typer.Typer(name="models", help="List, check, add and fetch models.", no_args_is_help=True)
app.add_typer(models)

Port = Annotated[int, typer.Option(min=0, max=65535, help="Port of the chat page on 127.0.0.1; 0 picks a free one.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Log only warnings and errors.")]
FreshChat = Annotated[
    bool, typer.Option("--fresh-chat", help="Start the sandbox's chat anew; the old one goes to chat.previous.")
]
HealthPort = Annotated[
    int, typer.Option(min=0, max=65535, help="Port of /healthz, /readyz and /metrics; 0 picks a free one.")
]

# A prompt may start with one of its own flags.
PROMPT_FIRST = {"ignore_unknown_options": True}

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
OnlyProblems = Annotated[bool, typer.Option("--quiet", help="Print only problems.")]
Prompt = Annotated[
    str, typer.Argument(help="What to paint, with the same flags as in Discord; - reads standard input.")
]

Supervised = Annotated[bool, typer.Option("--supervised", hidden=True)]


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

    run_process(partial(serve_engine, health_port, quiet), supervised=supervised)


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
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only the names of the files, and problems.")] = False,
) -> None:
    """Paint a grid from the terminal. It uses the same queue and engine as Discord."""
    from easel.commands.imagine import imagine
    from easel.output_paths import check_image

    shown = Output(as_json=as_json, quiet=quiet)
    raise typer.Exit(run_command(imagine(_given(prompt), check_image(output), _settings(), shown)))


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
    raise typer.Exit(run_command(repaint(id_from_text(picture), check_png(output), _settings(), shown)))


@app.command(context_settings=PROMPT_FIRST)
def parse(
    prompt: Prompt,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, as without it.")] = False,
    quiet: OnlyProblems = False,
) -> None:
    """Parse a prompt as `easel imagine` does, and print the result as JSON."""
    from easel.commands.parse import print_specs

    run_command(print_specs(_given(prompt), _settings(), quiet=quiet))


@app.command()
def export(
    kind: Annotated[str, typer.Argument(metavar="FORMAT", help="raw: everything; pickapic: preferences to train on.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write to.")],
    since: Since = None,
    until: Until = None,
    model: OnlyModel = None,
    min_weight: MinWeight = 0.0,
    split_seed: SplitSeed = 0,
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Export jobs, pictures and events, or what members prefer. Names and Discord ids are removed."""
    from easel.commands.export import check_request, export

    bounds = Bounds(since=since, until=until, model=model, min_weight=min_weight, split_seed=split_seed)
    check_request(kind, bounds)
    shown = Output(as_json=as_json, quiet=quiet)
    raise typer.Exit(run_command(export(kind, output, bounds, _settings(), shown)))


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


@models.command("list")
def list_models(
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only the names of models.")] = False,
) -> None:
    """List the registered models and adapters."""
    from easel.commands.models import print_names, show_json, show_models

    show = show_json if as_json else print_names if quiet else show_models
    show(_settings())


@models.command()
def check(as_json: Json = False, quiet: OnlyProblems = False) -> None:
    """Check the files of every model and adapter, and record missing hashes."""
    from easel.commands.models import check_models

    raise typer.Exit(check_models(_settings(), Output(as_json=as_json, quiet=quiet)))


@models.command()
def add(
    name: Annotated[str, typer.Argument(help="Name to use in prompts: --model NAME.")],
    family: Annotated[str, typer.Option(help=f"One of {', '.join(FAMILIES)}.")],
    licence: Annotated[str, typer.Option(help="Licence of the weights.")],
    folder: Annotated[str, typer.Option(help="Path of a diffusers folder.")] = "",
    file: Annotated[str, typer.Option(help="Path of a single .safetensors file.")] = "",
    hub: Annotated[str, typer.Option(help="Repository id on the Hugging Face Hub.")] = "",
    revision: Annotated[str, typer.Option(help="Commit or tag of the repository.")] = "",
    variant: Annotated[str, typer.Option(help="Variant of the weights, such as fp16.")] = "",
    config: Annotated[str, typer.Option(help="Folder or Hub id with the configuration of a single file.")] = "",
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Register a model in EASEL_MODELS_FILE."""
    from easel.commands.models import register_model

    given = {"folder": folder, "file": file, "hub": hub, "revision": revision, "variant": variant, "config": config}
    source = {key: value for key, value in given.items() if value}
    shown = Output(as_json=as_json, quiet=quiet)
    raise typer.Exit(register_model(_settings(), shown, name, family=family, licence=licence, source=source))


@models.command()
def fetch(
    name: Annotated[str, typer.Argument(help="Registered model from the Hub.")],
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Download a model's files from the Hugging Face Hub."""
    from easel.commands.models import fetch_model

    raise typer.Exit(fetch_model(_settings(), Output(as_json=as_json, quiet=quiet), name))


def main() -> None:
    """Run the command line; `ExitCode` has the exit codes."""
    # platformdirs warns about a fallback that Easel does not use.
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
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


def _given(prompt: str) -> str:
    """Return the prompt, read from standard input when it is a dash."""
    return sys.stdin.read().strip() if prompt == "-" else prompt


def _database_errors() -> tuple[type[Exception], ...]:
    """Return what the drivers of Postgres raise, if the command has loaded any."""
    if "asyncpg" not in sys.modules:
        return ()
    from easel.postgres_errors import database_errors

    return database_errors()


def _settings() -> BotSettings:
    from bot.settings import BotSettings
    from engine.settings import read_settings

    return read_settings(BotSettings)
