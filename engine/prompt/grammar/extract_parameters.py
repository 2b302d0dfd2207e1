"""Fourth stage: parameters, where they stand in a text and what each says; which of several holds is `precedence`'s."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from engine.contract.jobs import ParameterValue
from engine.prompt.errors import Flaw, Origin, quoted
from engine.prompt.grammar.expand_options import END_OF_OPTION
from engine.prompt.grammar.spans import Traced, source_at
from engine.prompt.grammar.suggest import index_names, nearest_of
from engine.prompt.grammar.values import Reading, Token, Written, read_value
from engine.prompt.limits import Limits
from engine.prompt.parameters import BY_SPELLING, FOREIGN

_START = re.compile(r"(?<!\S)(?:--|[–—―])(?=[^\W\d_])")
_MAY_START = re.compile("--|[–—―]")
_WORD = re.compile(r"\S+")
_NEAR = index_names(spelling for spelling in BY_SPELLING if len(spelling) > 1)
_NAME_THEN_REST = re.compile(r"([A-Za-z]+)[=:,;.]?(.*)", re.DOTALL)


class Setting(NamedTuple):
    """A parameter that was read: how it was written, its value, and how near to the prompt."""

    written: Written
    value: ParameterValue
    origin: Origin

    @property
    def target(self) -> str:
        """Return the canonical name that it gives a value to."""
        return self.written.parameter.target

    @property
    def nearness(self) -> int:
        """Return its rank among sources; the options of the command stand as near as the prompt."""
        return max(self.origin, Origin.COMMAND)

    @property
    def span(self) -> tuple[int, int]:
        """Return where its value stands, or its name when it has none."""
        tokens = self.written.tokens
        return (tokens[0].start, tokens[-1].end) if tokens else (self.written.start, self.written.end)


def take_parameters(traced: Traced, limits: Limits) -> tuple[str, list[Setting], list[Flaw]]:
    """Return the text with blanks where its parameters were, the parameters, and their flaws.

    The text keeps its length, so that positions in it stay true.
    """
    text = traced.text
    if not _MAY_START.search(text):
        return text, [], []
    settings: list[Setting] = []
    flaws: list[Flaw] = []
    left, kept = [], 0
    for start, end in _spans(text):
        left += [text[kept:start], " " * (end - start)]
        kept = end
        setting = _setting(traced, start, end, limits)
        if isinstance(setting, Setting):
            settings.append(setting)
        else:
            flaws += setting
    return "".join([*left, text[kept:]]), settings, flaws


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield from where to where each parameter reaches: to the next one, or to the end of the own option it is in."""
    starts = [match.start() for match in _START.finditer(text)]
    for start, end in pairwise([*starts, len(text)]):
        mark = text.find(END_OF_OPTION, start, end)
        yield start, end if mark < 0 else mark


def _setting(traced: Traced, start: int, end: int, limits: Limits) -> Setting | list[Flaw]:
    words = [Token(match[0], *match.span()) for match in _WORD.finditer(traced.text, start, end)]
    name = words[0].text.lstrip("-–—―")
    parameter = BY_SPELLING.get(name)
    if parameter is None:
        return [_unknown(words[0], name)]
    written = Written(parameter, f"--{name}", words[0].start, words[0].end, words[1:])
    value: Reading = read_value(written, limits)
    if isinstance(value, list):
        return value
    return Setting(written, value, source_at(traced, start).origin)


def _unknown(token: Token, name: str) -> Flaw:
    return Flaw(token.start, token.end, f"There is no parameter --{quoted(name)}.", _instead(name))


def _instead(name: str) -> str:
    """Return what to write in place of an unknown name."""
    if name in FOREIGN:
        return FOREIGN[name]
    if name.lower() in BY_SPELLING:
        return f"Names are written small: --{name.lower()}."
    match = _NAME_THEN_REST.fullmatch(name)
    if match and match[1] in BY_SPELLING:
        return f"Write --{match[1]} {quoted(match[2])}".rstrip() + "."
    near = nearest_of(_NEAR, name)
    return f"Did you mean --{near}?" if near else "For a plain dash write \\--."
