"""The commands and their options; what each one does is imported only when it is asked for."""

# Imports inside the functions keep `easel --help` quick: torch and discord.py take seconds.

from __future__ import annotations

import asyncio
import sys
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.contract.errors import EaselError
from engine.models.registry.families import FAMILIES

if TYPE_CHECKING:
    from bot.settings import BotSettings

app = typer.Typer(
    name="easel",
    help="Easel: an image service of your own in Discord.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

models = typer.Typer(name="models", help="See, add, check and fetch models.", no_args_is_help=True)
app.add_typer(models)

Port = Annotated[int, typer.Option(min=0, max=65535, help="Port of the chat page on 127.0.0.1; 0 takes a free one.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Log warnings and errors only.")]
HealthPort = Annotated[int, typer.Option(min=0, max=65535, help="Port of /healthz, /readyz and /metrics.")]

# A prompt may begin with a flag of its own.
PROMPT_FIRST = {"ignore_unknown_options": True}

Supervised = Annotated[bool, typer.Option("--supervised", hidden=True)]


@app.command()
def run(port: Port = 8642) -> None:
    """Start everything: Postgres, engine and bot; without DISCORD_TOKEN also the sandbox with its chat page."""
    from easel.commands.run import run_everything

    raise typer.Exit(asyncio.run(run_everything(port)))


@app.command()
def bot(health_port: HealthPort = 8643, supervised: Supervised = False) -> None:
    """Serve Discord: commands, buttons, delivery."""
    from easel.serve import run_process, serve_bot

    run_process(partial(serve_bot, health_port), supervised=supervised)


@app.command()
def engine(health_port: HealthPort = 8644, quiet: Quiet = False, supervised: Supervised = False) -> None:
    """Paint what is in the queue; one process for each GPU."""
    from easel.serve import run_process, serve_engine

    run_process(partial(serve_engine, health_port, quiet), supervised=supervised)


@app.command()
def sandbox(port: Port = 8642, supervised: Supervised = False) -> None:
    """Serve the sandbox: a local Discord with a chat page."""
    from easel.serve import run_process, serve_sandbox

    run_process(partial(serve_sandbox, port, not supervised), supervised=supervised)


@app.command()
def migrate() -> None:
    """Bring the database to this release's tables."""
    from easel.commands.migrate import migrate

    asyncio.run(migrate())


@app.command(context_settings=PROMPT_FIRST)
def imagine(
    prompt: Annotated[str, typer.Argument(help="What to paint, with flags as in Discord.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Where to write the grid.")] = Path("grid.png"),
) -> None:
    """Paint a grid, the same way through queue and engine as from Discord."""
    from easel.commands.imagine import imagine
    from easel.commands.outputs import check_image

    raise typer.Exit(asyncio.run(imagine(prompt, check_image(output), _settings())))


@app.command()
def repaint(
    picture: Annotated[str, typer.Argument(help="Its id, as `easel imagine` prints it and an export lists it.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Where to write it.")] = Path("repainted.png"),
) -> None:
    """Paint a stored picture again from its recipe, and say whether it comes out the same."""
    from easel.commands.outputs import check_png
    from easel.commands.repaint import id_from_text, repaint

    raise typer.Exit(asyncio.run(repaint(id_from_text(picture), check_png(output), _settings())))


@app.command(context_settings=PROMPT_FIRST)
def parse(prompt: Annotated[str, typer.Argument(help="A prompt with its flags.")]) -> None:
    """Print how a prompt is understood, as JSON; exit 2 with a caret under what is wrong."""
    from easel.commands.parse import json_from_prompt

    typer.echo(json_from_prompt(prompt))


@app.command()
def export(
    kind: Annotated[str, typer.Argument(metavar="FORMAT", help="raw: jobs, pictures and events as JSONL.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write to.")],
) -> None:
    """Write what is kept, with the picture files."""
    from easel.commands.export import check_format, export

    check_format(kind)
    raise typer.Exit(asyncio.run(export(output, _settings())))


@app.command()
def doctor() -> None:
    """Check everything Easel depends on, and say what to do."""
    from easel.doctor.report import run_doctor

    raise typer.Exit(asyncio.run(run_doctor()))


@models.command("list")
def list_models() -> None:
    """Show the models that are registered."""
    from easel.commands.models import show_models

    show_models(_settings())


@models.command()
def check() -> None:
    """Check the files of every model and adapter, and record the hashes of those that have none."""
    from easel.commands.models import check_models

    raise typer.Exit(check_models(_settings()))


@models.command()
def add(
    name: Annotated[str, typer.Argument(help="How prompts name it: --model NAME.")],
    family: Annotated[str, typer.Option(help=f"One of {', '.join(FAMILIES)}.")],
    licence: Annotated[str, typer.Option(help="Under which its weights may be used.")],
    folder: Annotated[str, typer.Option(help="A diffusers folder.")] = "",
    file: Annotated[str, typer.Option(help="A single .safetensors file.")] = "",
    hub: Annotated[str, typer.Option(help="An id at the Hugging Face hub.")] = "",
    revision: Annotated[str, typer.Option(help="Commit or tag at the hub.")] = "",
    variant: Annotated[str, typer.Option(help="Which copy of a folder's or the hub's weights, such as fp16.")] = "",
    config: Annotated[str, typer.Option(help="Folder or hub id with the configuration of a single file.")] = "",
) -> None:
    """Register a model in EASEL_MODELS_FILE."""
    from easel.commands.models import register_model

    given = {"folder": folder, "file": file, "hub": hub, "revision": revision, "variant": variant, "config": config}
    source = {key: value for key, value in given.items() if value}
    raise typer.Exit(register_model(_settings(), name, family=family, licence=licence, source=source))


@models.command()
def fetch(name: Annotated[str, typer.Argument(help="A registered model of the hub.")]) -> None:
    """Bring a hub model's files to this machine."""
    from easel.commands.models import fetch_model

    raise typer.Exit(fetch_model(_settings(), name))


def main() -> None:
    """Run the command line: exit code 0 when done, 1 when it failed, 2 when what was asked is wrong."""
    # platformdirs warns of a fallback that Easel does not use.
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
    try:
        app(prog_name="easel")
    except EaselError as error:
        from easel.errors import exit_code_from_error, sentence_from_error

        typer.echo(sentence_from_error(error), err=True)
        sys.exit(exit_code_from_error(error))
    except OSError as error:
        from easel.errors import sentence_from_os_error

        typer.echo(sentence_from_os_error(error), err=True)
        sys.exit(1)


def _settings() -> BotSettings:
    from bot.settings import BotSettings
    from engine.settings import read_settings

    return read_settings(BotSettings)
