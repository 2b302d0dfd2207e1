"""Declares `easel models` and its commands, as `easel/app.py` declares the others."""

# Imports inside the functions keep `easel --help` fast.

from __future__ import annotations

from typing import Annotated

import typer

from easel.options import Json, OnlyProblems, settings
from easel.output import Output
from engine.models.registry.families import FAMILIES

models = typer.Typer(name="models", help="List, check, add and fetch models.", no_args_is_help=True)


@models.command("list")
def list_models(
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only the names of models.")] = False,
) -> None:
    """List the registered models and what works with them."""
    from easel.commands.models import print_names, show_json, show_models

    show = show_json if as_json else print_names if quiet else show_models
    show(settings())


@models.command()
def check(as_json: Json = False, quiet: OnlyProblems = False) -> None:
    """Check the files of every model and of what works with models, and record missing hashes."""
    from easel.commands.models import check_models

    raise typer.Exit(check_models(settings(), Output(as_json=as_json, quiet=quiet)))


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
    raise typer.Exit(register_model(settings(), shown, name, family=family, licence=licence, source=source))


@models.command()
def fetch(
    name: Annotated[str, typer.Argument(help="Registered model from the Hub.")],
    as_json: Json = False,
    quiet: OnlyProblems = False,
) -> None:
    """Download a model's files from the Hugging Face Hub."""
    from easel.commands.models import fetch_model

    raise typer.Exit(fetch_model(settings(), Output(as_json=as_json, quiet=quiet), name))
