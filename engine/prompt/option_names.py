"""Errors in the command's options, said with the option's name: whoever filled one in typed no parameter."""

from __future__ import annotations

from dataclasses import replace

from engine.prompt.errors import Origin, PromptError, PromptSource
from engine.prompt.parameters import BY_OPTION, BY_SPELLING
from engine.prompt.sentences import Code, Field, Sentence, Told, sentence


def option_source(option: str, text: str) -> PromptSource:
    """Return the text of an option of the command."""
    return PromptSource(text=text, origin=Origin.COMMAND, where=sentence(Code.IN_OPTION, name=option))


def option_of(source: PromptSource) -> str:
    """Return the option of the command that the text was given for; empty for another text."""
    where = source.where
    return str(dict(where.fields)["name"]) if where and where.code is Code.IN_OPTION else ""


def named_by_option(error: PromptError) -> PromptError:
    """Return the error with the name of the option in place of its parameter, if it is in one."""
    option = option_of(error.source)
    if error.source.origin is not Origin.COMMAND or not option:
        return error
    parameter = BY_OPTION.get(option, option)
    # One that gives no parameter of its own has it as its text.
    spelling = f"--{parameter}" if parameter in BY_SPELLING else error.source.text
    message = _with_option(error.message, spelling, option)
    return replace(error, message=message, suggestion=_without_spelling(error.suggestion, spelling))


def _with_option(told: Told, spelling: str, option: str) -> Told:
    """Return what is told with the option in place of the parameter that it is about, if that is a field of its own."""
    if isinstance(told, str):
        return told
    return told._replace(fields=tuple((name, option if field == spelling else field) for name, field in told.fields))


def _without_spelling(told: Told, spelling: str) -> Told:
    """Return what is told with values alone, where they stand behind the parameter."""
    if isinstance(told, str):
        return told
    return told._replace(fields=tuple((name, _value_alone(field, spelling)) for name, field in told.fields))


def _value_alone(field: Field, spelling: str) -> Field:
    if isinstance(field, Sentence):
        return _without_spelling(field, spelling)
    return field.replace(f"{spelling} ", "") if isinstance(field, str) else field
