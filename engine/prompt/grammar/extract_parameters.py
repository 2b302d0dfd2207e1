"""Fourth stage: finds the parameters in a text and parses their values; `precedence` decides between repeated ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from engine.contract.jobs import ParameterValue
from engine.prompt.errors import Origin, Problem, quoted
from engine.prompt.grammar.expand_options import END_OF_OPTION
from engine.prompt.grammar.raw_parameter import RawParameter, Token
from engine.prompt.grammar.spans import MappedText, source_at
from engine.prompt.grammar.suggest import deletion_index, one_edit_match
from engine.prompt.grammar.values import ParsedValue, parse_value
from engine.prompt.limits import Limits, unavailable
from engine.prompt.parameters import BY_SPELLING, FOREIGN_PARAMETERS
from engine.prompt.sentences import Code, Sentence, sentence

_START = re.compile(r"(?<!\S)(?:--|[–—―])(?=[^\W\d_])")
_MAY_START = re.compile("--|[–—―]")
_WORD = re.compile(r"\S+")
_SPELLINGS = deletion_index(spelling for spelling in BY_SPELLING if len(spelling) > 1)
_NAME_THEN_REST = re.compile(r"([A-Za-z]+)[=:,;.]?(.*)", re.DOTALL)


class ParameterSetting(NamedTuple):
    """A parsed parameter: how it was written, its value, and where it came from."""

    raw: RawParameter
    value: ParameterValue
    origin: Origin

    @property
    def target(self) -> str:
        """Return the canonical name of the parameter that it sets."""
        return self.raw.parameter.target

    @property
    def precedence(self) -> int:
        """Return its rank; lower ranks override higher ones, and the prompt and the command's options have the same."""
        return max(self.origin, Origin.COMMAND)

    @property
    def span(self) -> tuple[int, int]:
        """Return the span of its value, or of its name if it has none."""
        tokens = self.raw.tokens
        return (tokens[0].start, tokens[-1].end) if tokens else (self.raw.start, self.raw.end)


def extract_parameters(mapped: MappedText, limits: Limits) -> tuple[str, list[ParameterSetting], list[Problem]]:
    """Return the text with its parameters blanked out, the parameters, and their problems.

    The text keeps its length, so that positions in it stay valid.
    """
    text = mapped.text
    if not _MAY_START.search(text):
        return text, [], []
    settings: list[ParameterSetting] = []
    problems: list[Problem] = []
    left, kept = [], 0
    for start, end in _spans(text):
        left += [text[kept:start], " " * (end - start)]
        kept = end
        setting = _setting(mapped, start, end, limits)
        if isinstance(setting, ParameterSetting):
            settings.append(setting)
        else:
            problems += setting
    return "".join([*left, text[kept:]]), settings, problems


def words_and_parameters(text: str) -> tuple[str, str]:
    """Return the text before its first parameter, and the rest; without spaces around them."""
    first = next((match.start() for match in _START.finditer(text)), len(text))
    return text[:first].strip(), text[first:].strip()


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield the span of each parameter: up to the next one, or to the end of the custom option that contains it."""
    starts = [match.start() for match in _START.finditer(text)]
    for start, end in pairwise([*starts, len(text)]):
        mark = text.find(END_OF_OPTION, start, end)
        yield start, end if mark < 0 else mark


def _setting(mapped: MappedText, start: int, end: int, limits: Limits) -> ParameterSetting | list[Problem]:
    words = [Token(match[0], *match.span()) for match in _WORD.finditer(mapped.text, start, end)]
    name = words[0].text.lstrip("-–—―")
    parameter = BY_SPELLING.get(name)
    if parameter is None:
        return [_unknown(words[0], name)]
    raw = RawParameter(parameter, f"--{name}", words[0].start, words[0].end, words[1:])
    value: ParsedValue = parse_value(raw, limits)
    if isinstance(value, list):
        # What no value can mend is told as that.
        return value if limits.may_support(parameter.ability) else [_unavailable(raw, limits)]
    return ParameterSetting(raw, value, source_at(mapped, start).origin)


def _unavailable(raw: RawParameter, limits: Limits) -> Problem:
    return Problem(raw.start, raw.end, *unavailable(raw.spelling, raw.parameter.ability, limits))


def _unknown(token: Token, name: str) -> Problem:
    message = sentence(Code.UNKNOWN_PARAMETER, name=quoted(name))
    return Problem(token.start, token.end, message, _suggestion(name))


def _suggestion(name: str) -> Sentence:
    """Return what to write instead of an unknown name."""
    if name in FOREIGN_PARAMETERS:
        return FOREIGN_PARAMETERS[name]
    if name.lower() in BY_SPELLING:
        return sentence(Code.LOWER_CASE, name=name.lower())
    match = _NAME_THEN_REST.fullmatch(name)
    if match and match[1] in BY_SPELLING:
        return sentence(Code.WRITE, text=f"--{match[1]} {quoted(match[2])}".rstrip())
    near = one_edit_match(_SPELLINGS, name)
    return sentence(Code.DID_YOU_MEAN, name=f"--{near}") if near else sentence(Code.LITERAL_DASH)
