"""Weights within a part: 1.1 for `(word)`, 1/1.1 for `[word]`, 1.3 for `(word:1.3)`; nested weights multiply.

The grammar is that of AUTOMATIC1111, except that an unmatched bracket is plain text. `\\(`, `\\)`, `\\[`, `\\]` and
`\\\\` are literal characters.
"""

from __future__ import annotations

import re

from engine.prompt.errors import Problem
from engine.prompt.sentences import Code, sentence

STRONGER = 1.1
WEAKER = 1 / 1.1
MAX_ATTENTION = 10.0

_SIGNS = re.compile(r"\\[\\()\[\]]|[()\[\]]")
_WEIGHT = re.compile(r":[ ]*([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))[ ]*\Z")
_WEIGHT_ROOM = 24
_PARTNERS = {")": "(", "]": "["}


def parse_attention(text: str) -> tuple[tuple[str, float], ...]:
    """Return the text to encode in chunks of equal weight, without brackets and weights.

    Guarantees: weights are 0 to 10, neighbouring chunks have different weights, and no chunk is empty.
    """
    if not _SIGNS.search(text):
        return ((text, 1.0),) if text else ()
    factors, cuts = _factors(text)
    chunks: list[tuple[list[str], float]] = []
    for words, weight in _chunks(text, factors, cuts):
        if words and chunks and chunks[-1][1] == weight:
            chunks[-1][0].append(words)
        elif words:
            chunks.append(([words], weight))
    return tuple(("".join(words), weight) for words, weight in chunks)


def attention_problems(text: str, start: int) -> list[Problem]:
    """Return a problem for each bracket that gives its words a weight below 0 or above 10: at the weight, if written.

    start: position of the text in the prompt.
    """
    if not _SIGNS.search(text):
        return []
    factors, cuts = _factors(text)
    written = _written_weights(text, factors, cuts)
    problems, weights = [], [1.0]
    for place in sorted(factors):
        factor = factors[place]
        if factor is None:
            weights.pop()
            continue
        weights.append(weights[-1] * factor)
        if weights[-2] <= MAX_ATTENTION and not 0 <= weights[-1] <= MAX_ATTENTION:
            limit, weight = f"{MAX_ATTENTION:g}", f"{weights[-1]:.4g}"
            message = sentence(Code.BRACKET_WEIGHT, limit=limit, weight=weight)
            fault, end = written.get(place, (place, place + 1))
            problems.append(Problem(start + fault, start + end, message, sentence(Code.LITERAL_BRACKETS)))
            weights[-1] = MAX_ATTENTION + 1
    return problems


def weighted_bracket(text: str, start: int) -> tuple[int, int] | None:
    """Return the span of the first bracket that gives its words a weight other than 1, or None.

    start: position of the text in the prompt.
    """
    if not _SIGNS.search(text):
        return None
    factors, _ = _factors(text)
    opened: list[int] = []
    spans = []
    for place in sorted(factors):
        if factors[place] is None:
            spans.append((opened.pop(), place + 1))
        else:
            opened.append(place)
    return next(((start + low, start + high) for low, high in sorted(spans) if factors[low] != 1.0), None)


def _factors(text: str) -> tuple[dict[int, float | None], dict[int, int]]:
    """Return the factor at each opening bracket (None at its closing one), and the start of the `:weight` before one.

    Unmatched brackets are in neither.
    """
    factors: dict[int, float | None] = {}
    cuts: dict[int, int] = {}
    open_brackets: list[int] = []
    for match in _SIGNS.finditer(text):
        sign, place = match[0], match.start()
        if sign in "([":
            open_brackets.append(place)
        elif sign in _PARTNERS:
            opening = _partner(text, open_brackets, _PARTNERS[sign])
            if opening >= 0:
                factors[opening], factors[place] = STRONGER if sign == ")" else WEAKER, None
                _read_weight(text, opening, place, factors, cuts)
    return factors, cuts


def _written_weights(text: str, factors: dict[int, float | None], cuts: dict[int, int]) -> dict[int, tuple[int, int]]:
    """Return where the weight of each opening bracket is written, for those that have one."""
    written: dict[int, tuple[int, int]] = {}
    open_brackets: list[int] = []
    for place in sorted(factors):
        if factors[place] is not None:
            open_brackets.append(place)
            continue
        opening = open_brackets.pop()
        if place in cuts:
            weight = text[cuts[place] + 1 : place].lstrip(" ")
            written[opening] = place - len(weight), place - len(weight) + len(weight.rstrip(" "))
    return written


def _partner(text: str, open_brackets: list[int], sign: str) -> int:
    """Pop the last open bracket if it matches and return its position, or -1."""
    if open_brackets and text[open_brackets[-1]] == sign:
        return open_brackets.pop()
    return -1


def _read_weight(text: str, opening: int, closing: int, factors: dict[int, float | None], cuts: dict[int, int]) -> None:
    """Replace the bracket's factor with the weight written before the closing bracket, if there is one."""
    if text[closing] != ")":
        return
    match = _WEIGHT.search(text[max(opening + 1, closing - _WEIGHT_ROOM) : closing])
    if match:
        factors[opening] = float(match[1])
        cuts[closing] = closing - len(match[0])


def _chunks(text: str, factors: dict[int, float | None], cuts: dict[int, int]) -> list[tuple[str, float]]:
    """Return the text between brackets, each chunk with its weight."""
    chunks: list[tuple[str, float]] = []
    weights = [1.0]
    kept = 0
    for match in _SIGNS.finditer(text):
        place = match.start()
        chunks.append((text[kept : cuts.get(place, place)], _clamp(weights[-1])))
        kept = match.end()
        if place not in factors:
            chunks.append((match[0][-1], _clamp(weights[-1])))
            continue
        factor = factors[place]
        if factor is None:
            weights.pop()
        else:
            weights.append(_clamp(weights[-1] * factor))
    chunks.append((text[kept:], _clamp(weights[-1])))
    return chunks


def _clamp(weight: float) -> float:
    return min(max(weight, 0.0), MAX_ATTENTION)
