#!/usr/bin/env bash
# typer 0.29.2 beside click 8.5.1, seen 2026-11-29.
#
# Typer carries a Click of its own, `typer._click`, also where Click is installed. What `typer.main.get_command` returns
# is no `click.Command`, and a wrong command line, called with `standalone_mode=False` as programs and tests do, raises
# an exception that no `except click.ClickException` catches; nor is `typer.BadParameter` a `click.BadParameter`. All of
# it still works where only methods are called: Click's `CliRunner` runs the command, and a `click.Group` takes it as a
# subcommand. Tools that look with `isinstance`, and programs that turn usage errors into answers, go by silently.
#
# Output seen:
#   a click.Group: False, run by click's runner: 0, as a subcommand of a click.Group: 0
#   wrong option: typer._click.exceptions.NoSuchOption, a click.ClickException: False
#   typer.BadParameter is a click.BadParameter: False
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check typer==0.29.2 click==8.5.1
venv/bin/python - <<'PYTHON'
import sys

import click
import typer
from click.testing import CliRunner

app = typer.Typer()


@app.command()
def paint() -> None:
    """Paint."""


@app.command()
def wash() -> None:
    """Wash."""


@click.group()
def outer() -> None:
    """Hold the group of Typer's."""


group = typer.main.get_command(app)
outer.add_command(group, "inner")
alone = CliRunner().invoke(group, ["paint"]).exit_code
inside = CliRunner().invoke(outer, ["inner", "paint"]).exit_code
is_group = isinstance(group, click.Group)
print(f"a click.Group: {is_group}, run by click's runner: {alone}, as a subcommand of a click.Group: {inside}")
try:
    group.main(["paint", "--colour"], standalone_mode=False)
    raised = None
except Exception as error:
    raised = error
name, is_caught = f"{type(raised).__module__}.{type(raised).__name__}", isinstance(raised, click.ClickException)
print(f"wrong option: {name}, a click.ClickException: {is_caught}")
is_same = issubclass(typer.BadParameter, click.BadParameter)
print(f"typer.BadParameter is a click.BadParameter: {is_same}")
seen = (is_group, alone, inside, name, is_caught, is_same)
sys.exit(seen != (False, 0, 0, "typer._click.exceptions.NoSuchOption", False, False))
PYTHON
