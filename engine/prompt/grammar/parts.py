"""Splits the words into weighted parts: `::` ends a part, and a number that touches it is the part's weight."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import fsum
from typing import NamedTuple

from engine.contract.jobs import Part
from engine.prompt.errors import Problem
from engine.prompt.grammar.attention import attention_problems, weighted_bracket
from engine.prompt.grammar.foreign_forms import KEYWORD
from engine.prompt.sentences import Code, Sentence, sentence

MAX_WEIGHT = 10_000.0
NO_WEIGHT = -0.5
# A sum this small relative to its terms is a rounding error.
_ROUNDING = 1e-9

_SEPARATOR = re.compile(r"\\[\s\S]|::(?P<weight>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?![\w.]))?")
_ESCAPE = re.compile(rf"((?<!\S))?\\({KEYWORD}(?!\w)|[\s\S]?)")
_KEPT_ESCAPES = "\\()[]"
_DROPPED_ESCAPES = ":,{}|_$/"
_DASHES = "-–—―"


class LocatedPart(NamedTuple):
    """A part, the span of its weight, or else of its words, and that of its first bracket with a weight."""

    part: Part
    start: int
    end: int
    bracket: tuple[int, int] | None = None


def split_parts(text: str) -> tuple[list[LocatedPart], list[Problem]]:
    """Return the parts, in order, and the problems with their weights and brackets.

    Empty parts are ignored; an empty part with a weight is a problem.
    """
    parts: list[LocatedPart] = []
    problems: list[Problem] = []
    start = 0
    for match in _separators(text):
        _add_part(parts, problems, text, start, match)
        start = match.end()
    rest = words_from_text(text[start:])
    if rest:
        span = _span_of_words(text, start, len(text))
        parts.append(LocatedPart(Part(text=rest), *span, weighted_bracket(text[start:], start)))
        problems += attention_problems(text[start:], start)
    return parts, problems


def _separators(text: str) -> list[re.Match[str]]:
    if "::" not in text:
        return []
    return [match for match in _SEPARATOR.finditer(text) if match[0][0] == ":"]


def _add_part(parts: list[LocatedPart], problems: list[Problem], text: str, start: int, match: re.Match[str]) -> None:
    """Add the part before the separator."""
    words = words_from_text(text[start : match.start()])
    weight = float(match["weight"] or 1) + 0.0
    span = match.span("weight") if match["weight"] else _span_of_words(text, start, match.start())
    if not words and match["weight"]:
        told = sentence(Code.WEIGHT_WITHOUT_WORDS), sentence(Code.WORDS_THEN_WEIGHT)
        problems.append(Problem(*span, *told))
    elif words and abs(weight) > MAX_WEIGHT:
        message = sentence(Code.WEIGHT_RANGE, low=f"-{MAX_WEIGHT:g}", high=f"{MAX_WEIGHT:g}")
        problems.append(Problem(*span, message, sentence(Code.ONLY_RATIO)))
    elif words:
        bracket = weighted_bracket(text[start : match.start()], start)
        parts.append(LocatedPart(Part(text=words, weight=weight), *span, bracket))
    problems += attention_problems(text[start : match.start()], start)


def _span_of_words(text: str, start: int, end: int) -> tuple[int, int]:
    words = text[start:end]
    return start + len(words) - len(words.lstrip()), start + len(words.rstrip())


def words_from_text(text: str) -> str:
    """Return the words of a part: single spaces, and only the escapes that `attention` needs.

    Guarantees: every backslash is the first of a pair, `\\\\`, `\\(`, `\\)`, `\\[` or `\\]`.
    """
    if "\\" in text:
        text = _ESCAPE.sub(_unescaped, text)
    return " ".join(text.split())


def _unescaped(match: re.Match[str]) -> str:
    at_word_start, sign = match[1] is not None, match[2]
    if sign and sign in _KEPT_ESCAPES:
        return match[0]
    if sign and (len(sign) > 1 or sign in _DROPPED_ESCAPES or (at_word_start and sign in _DASHES)):
        return sign
    return "\\\\" + sign


def weight_problems(parts: Sequence[LocatedPart]) -> list[Problem]:
    """Return a problem if the weights do not add up to more than 0."""
    weights = [located.part.weight for located in parts]
    total = fsum(weights)
    if not weights or total > _ROUNDING * fsum(map(abs, weights)):
        return []
    heaviest = min(parts, key=lambda located: located.part.weight)
    shown = 0 if abs(total) < _ROUNDING else total
    message = sentence(Code.WEIGHT_SUM, sum=f"{shown:g}")
    return [Problem(heaviest.start, heaviest.end, message, _advice(parts))]


def _advice(parts: Sequence[LocatedPart]) -> Sentence:
    if len(parts) == 1:
        return sentence(Code.EXCLUDE_AFTER)
    if sum(located.part.weight == NO_WEIGHT for located in parts) > 1:
        return sentence(Code.ONE_LIST, text="--no a, b")
    return sentence(Code.RAISE_WEIGHT)


def normalized_weights(parts: Sequence[Part]) -> tuple[float, ...]:
    """Return each part's weight divided by the sum of all weights, so that they add up to 1.

    parts: with weights that add up to more than 0; single weights can be negative.
    """
    total = fsum(part.weight for part in parts)
    return tuple(part.weight / total for part in parts)
