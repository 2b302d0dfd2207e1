"""What `/help` says of one parameter: the help of the prompt language, translated line by line."""

from __future__ import annotations

import re

from bot.language import Phrase, translated
from engine.prompt import help_for
from engine.prompt.help import NOT_IN_RELEASE

_UNKNOWN = re.compile(r"Unknown parameter (--.*?)\.(?: Did you mean (--.*)\?)?", re.DOTALL)
_NOT_THERE = Phrase("There is no parameter {name}. /help about: prompts lists those that there are.")
_MEANT = Phrase("There is no parameter {name}. Did you mean {near}?")
_FACTS = {
    "Takes ": Phrase("Takes: {what}"),
    "Default: ": Phrase("Default: {what}"),
    "Example: ": Phrase("Example: {what}"),
}
_NUMBERS = {
    "a whole number": Phrase("a whole number from {low} to {high}"),
    "a number": Phrase("a number from {low} to {high}"),
}
_BOUNDS = re.compile(r"(a whole number|a number) from (\S+) to (\S+)\.")


def parameter_text(spelling: str) -> str:
    """Return all that there is to know of one parameter, or which one may be meant instead."""
    english = help_for(spelling)
    if unknown := _UNKNOWN.fullmatch(english):
        name, near = unknown.groups()
        return _MEANT.format(name=name, near=near) if near else _NOT_THERE.format(name=name)
    return "\n".join(map(_parameter_line, english.split("\n")))


def _parameter_line(line: str) -> str:
    for start, phrase in _FACTS.items():
        if line.startswith(start):
            return phrase.format(what=_fact(line.removeprefix(start)))
    said = translated(line.removesuffix(f" {NOT_IN_RELEASE}"))
    return f"{said} {translated(NOT_IN_RELEASE)}" if line.endswith(NOT_IN_RELEASE) else said


def _fact(english: str) -> str:
    """Return what a parameter takes, by default or as an example."""
    if bounds := _BOUNDS.fullmatch(english):
        return _NUMBERS[bounds[1]].format(low=bounds[2], high=bounds[3])
    return translated(english.removesuffix("."))
