"""Errors in the command's options, said with the option's name: whoever filled one in typed no parameter."""

from __future__ import annotations

from dataclasses import replace

from engine.prompt.errors import Origin, PromptError
from engine.prompt.parameters import BY_OPTION, BY_SPELLING

_PREFIX = "the option "


def option_source_name(option: str) -> str:
    """Return how an option of the command is called where its text is shown."""
    return f"{_PREFIX}{option}"


def named_by_option(error: PromptError) -> PromptError:
    """Return the error with the name of the option in place of its parameter, if it is in one."""
    if error.source.origin is not Origin.COMMAND:
        return error
    option = error.source.name.removeprefix(_PREFIX)
    parameter = BY_OPTION.get(option, option)
    # One that gives no parameter of its own has it as its text.
    spelling = f"--{parameter}" if parameter in BY_SPELLING else error.source.text
    # The first is what was filled in; a second one is what it conflicts with.
    message = error.message.replace(f"{spelling} ", f"{option} ", 1)
    return replace(error, message=message, suggestion=error.suggestion.replace(f"{spelling} ", ""))
