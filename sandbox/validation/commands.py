"""Validates application commands: names, lengths, options and choices."""

import re
from typing import Any

from sandbox.state.records import Json
from sandbox.validation.problems import Path, Problems

NAME = re.compile(r"^[-_'\w]{1,32}$")
CHAT_INPUT = 1
SUBCOMMANDS = (1, 2)
NUMBERS = (4, 10)
TYPES_WITH_CHOICES = (3, 4, 10)
MAX_OPTIONS = 25


def check_command(problems: Problems, path: Path, command: Any) -> None:
    """Validate one command."""
    kind = command.get("type") or CHAT_INPUT
    problems.choice((*path, "type"), kind, (1, 2, 3))
    if kind == CHAT_INPUT:
        _check_name(problems, (*path, "name"), command.get("name"))
        problems.text((*path, "description"), command.get("description"), 100, shortest=1, required=True)
        _check_options(problems, (*path, "options"), command.get("options"), depth=0)
        return
    problems.text((*path, "name"), command.get("name"), 32, shortest=1, required=True)
    if command.get("description"):
        problems.add(
            (*path, "description"),
            "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION",
            "Context menu commands cannot have description",
        )


def check_commands(problems: Problems, commands: list[Json]) -> None:
    """Validate a list of commands, including duplicate names."""
    seen: set[tuple[int, str]] = set()
    for index, command in enumerate(commands):
        check_command(problems, (index,), command)
        key = (command.get("type") or CHAT_INPUT, str(command.get("name")))
        if key in seen:
            problems.add(
                (index, "name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique"
            )
        seen.add(key)


def _check_name(problems: Problems, path: Path, name: Any) -> None:
    if not problems.text(path, name, 32, shortest=1, required=True):
        return
    if not NAME.match(name) or name != name.lower():
        problems.add(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _check_options(problems: Problems, path: Path, options: Any, *, depth: int) -> None:
    listed = problems.listing(path, options, MAX_OPTIONS)
    seen: set[str] = set()
    optional_seen = False
    for index, option in enumerate(listed):
        _check_option(problems, (*path, index), option, depth)
        if option.get("name") in seen:
            problems.add(
                (*path, index, "name"),
                "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
                "Option name already exists in options",
            )
        if option.get("required") and optional_seen:
            problems.add(
                (*path, index),
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )
        optional_seen = optional_seen or not option.get("required")
        seen.add(str(option.get("name")))


def _check_option(problems: Problems, path: Path, option: Json, depth: int) -> None:
    _check_name(problems, (*path, "name"), option.get("name"))
    problems.text((*path, "description"), option.get("description"), 100, shortest=1, required=True)
    kind = option.get("type")
    if not problems.choice((*path, "type"), kind, range(1, 12)):
        return
    if kind in SUBCOMMANDS:
        if depth >= 3 - kind:
            problems.add(path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Sub-commands cannot be nested this deep")
        _check_options(problems, (*path, "options"), option.get("options"), depth=depth + 1)
    _check_choices(problems, path, option)


def _check_choices(problems: Problems, path: Path, option: Json) -> None:
    choices = problems.listing((*path, "choices"), option.get("choices"), 25)
    if choices and option.get("autocomplete"):
        problems.add(
            path,
            "APPLICATION_COMMAND_AUTOCOMPLETE_NOT_ALLOWED_WITH_CHOICES",
            "Autocomplete cannot be used together with choices",
        )
    if choices and option["type"] not in TYPES_WITH_CHOICES:
        problems.add((*path, "choices"), "APPLICATION_COMMAND_OPTIONS_CHOICES_INVALID", "This type has no choices")
    for index, choice in enumerate(choices):
        problems.text((*path, "choices", index, "name"), choice.get("name"), 100, shortest=1, required=True)
        if option["type"] == 3:
            problems.text((*path, "choices", index, "value"), choice.get("value"), 100, shortest=1, required=True)


def check_choices(problems: Problems, path: Path, choices: Any) -> None:
    """Validate the choices of an autocomplete response."""
    for index, choice in enumerate(problems.listing(path, choices, 25)):
        problems.text((*path, index, "name"), choice.get("name"), 100, shortest=1, required=True)
        value = choice.get("value")
        if isinstance(value, str):
            problems.text((*path, index, "value"), value, 100, shortest=1, required=True)
