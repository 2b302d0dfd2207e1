"""What `/help` says of one parameter, line by line, in the language of whoever asks."""

from __future__ import annotations

from bot.language import Phrase, said, translated
from engine.prompt import Parameter
from engine.prompt.help import default_value, named_parameter, plain_name, similar_parameter, usage
from engine.prompt.parameter_type import allowed_values

_NOT_THERE = Phrase("There is no parameter {name}. /help about: prompts lists those that there are.")
_MEANT = Phrase("There is no parameter {name}. Did you mean {near}?")
_TAKES = Phrase("Takes: {what}")
_DEFAULT = Phrase("Default: {what}")
_EXAMPLE = Phrase("Example: {what}")


def parameter_text(spelling: str) -> str:
    """Return all that there is to know of one parameter, or which one may be meant instead."""
    row = named_parameter(spelling)
    if row is not None:
        return "\n".join(_facts(row))
    name = f"--{plain_name(spelling)}"
    near = similar_parameter(spelling)
    return _MEANT.format(name=name, near=f"--{near}") if near else _NOT_THERE.format(name=name)


def _facts(row: Parameter) -> list[str]:
    default = default_value(row)
    return [
        usage(row),
        translated(row.help),
        _TAKES.format(what=said(allowed_values(row))),
        *([_DEFAULT.format(what=default)] if default else []),
        *([translated(row.meaning)] if row.meaning else []),
        _EXAMPLE.format(what=row.example),
    ]
