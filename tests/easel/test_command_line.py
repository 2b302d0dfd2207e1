"""Rules for every command, so that a new one cannot forget them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from easel.app import app
from easel.exit_codes import MEANINGS, ExitCode, exit_code_from_cause, exit_code_from_codes
from engine.contract import errors
from migrations import NEWEST
from tests.easel.command import run_easel

# These run until they are stopped, and list nothing.
SERVICES = frozenset({"run", "bot", "engine", "sandbox", "api"})
README = Path(__file__).parents[2] / "README.md"


def _commands(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    inner_commands: Mapping[str, Any] = getattr(command, "commands", {})
    if inner_commands:
        for word, inner in inner_commands.items():
            yield from _commands(inner, f"{name} {word}".strip())
    else:
        yield name, command


COMMANDS = dict(_commands(typer.main.get_command(app)))
ENDING = [name for name in COMMANDS if name not in SERVICES]


@pytest.mark.parametrize("name", ENDING)
def test_every_command_that_ends_can_be_quiet_and_print_json(name: str) -> None:
    options = {spelling for parameter in COMMANDS[name].params for spelling in parameter.opts}
    assert {"--quiet", "--json"} <= options


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_explained(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    shown = [option for option in command.params if not getattr(option, "hidden", False)]
    assert [option.name for option in shown if not getattr(option, "help", None)] == []


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("zsh", "#compdef easel"),
        ("bash", "complete -o default -F _easel_completion easel"),
        ("fish", "complete --command easel"),
    ],
)
@pytest.mark.parametrize("form", ["--show-completion {}", "--show-completion={}"])
def test_completion_is_for_the_shell_that_is_named(shell: str, line: str, form: str) -> None:
    """Whatever shell runs the command."""
    shown = CliRunner().invoke(app, form.format(shell).split(), prog_name="easel")
    assert (shown.exit_code, line in shown.output) == (ExitCode.DONE, True), shown.output


def test_completion_for_an_unknown_shell_is_wrong_usage() -> None:
    shown = CliRunner().invoke(app, ["--show-completion", "tcsh"], prog_name="easel")
    assert shown.exit_code == ExitCode.USAGE
    assert "'tcsh' is none of bash, zsh, fish, powershell, pwsh." in " ".join(shown.output.split())


async def test_the_version_names_both_schemas(home: Path, database_url: str) -> None:
    """Without a database, and with settings that are wrong, it tells the rest."""
    told = await run_easel("version", "--json", home=home, DATABASE_URL=database_url)
    found = json.loads(told.out)
    assert (found["schema"], found["database_schema"]) == (NEWEST, NEWEST)
    assert {"easel", "python", "torch", "discord.py"} <= found.keys()
    nowhere = await run_easel("version", home=home)
    assert f"Schema {NEWEST}; the database is not running" in nowhere.out
    wrong = await run_easel("version", home=home, EASEL_NONSENSE="1")
    assert (wrong.code, wrong.out) == (0, nowhere.out)


def _kinds(kind: type[errors.EaselError]) -> Iterator[type[errors.EaselError]]:
    for inner in kind.__subclasses__():
        if inner.__module__ == errors.__name__:
            yield inner
            yield from _kinds(inner)


@pytest.mark.parametrize("kind", sorted(_kinds(errors.EaselError), key=str))
def test_every_error_has_an_exit_code_of_its_kind(kind: type[errors.EaselError]) -> None:
    code = exit_code_from_cause({"error": kind.__name__})
    assert code not in (ExitCode.DONE, ExitCode.FAILED, ExitCode.USAGE)


def test_what_is_none_of_ours_is_a_failure() -> None:
    assert exit_code_from_cause({"error": "ValueError"}) is ExitCode.FAILED
    assert [exit_code_from_codes(codes) for codes in ([], [4, 1], [0], [-9], [77])] == [0, 4, 1, 1, 1]


def test_the_readme_lists_the_exit_codes() -> None:
    text = README.read_text(encoding="utf-8")
    assert [code for code, meaning in MEANINGS.items() if f"| {code.value} | {meaning} |" not in text] == []
    assert set(MEANINGS) == set(ExitCode)


@pytest.mark.parametrize(
    ("arguments", "variables", "code"),
    [
        (("models", "nonsense"), {}, ExitCode.USAGE),
        (("parse", "a fox --sede 7"), {}, ExitCode.REQUEST),
        (("parse", "a fox"), {"EASEL_LOG_FORMAT": "xml"}, ExitCode.SETTINGS),
        (("parse", "a fox"), {"EASEL_MODELS_FILE": "/nowhere.toml"}, ExitCode.SETTINGS),
        (("parse", "a fox"), {"EASEL_MODEL": "nowhere"}, ExitCode.MODEL),
        (("migrate",), {"DATABASE_URL": "postgresql://easel@127.0.0.1:9/easel"}, ExitCode.DATABASE),
        (("models", "fetch", "nowhere"), {}, ExitCode.MODEL),
    ],
)
async def test_each_kind_of_mistake_has_its_exit_code(
    arguments: tuple[str, ...], variables: dict[str, str], code: ExitCode, home: Path
) -> None:
    done = await run_easel(*arguments, home=home, **variables)
    assert done.code == code, done.err
    assert "Traceback" not in done.err
