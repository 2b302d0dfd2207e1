"""Third stage: turns `{a, b}` sets into one text per option; the last set varies fastest.

Sets nest. `\\,`, `\\{` and `\\}` are literal characters and lose their backslash here; other escapes are kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from engine.prompt.errors import Problem, in_order
from engine.prompt.grammar.spans import MappedText, Slice, join
from engine.prompt.sentences import Code, sentence

_SIGNS = re.compile(r"\\[\s\S]|[{},]")
_MAX_COUNT = 1_000_000

_TokenKind = Literal["words", "open", "next", "close"]
_TOKEN_KINDS: Mapping[str, _TokenKind] = MappingProxyType({"{": "open", ",": "next", "}": "close"})


class _Token(NamedTuple):
    kind: _TokenKind
    start: int
    end: int


class _Rope(NamedTuple):
    """The words of one job, those of `left` and then those of `right`; jobs share their common branches."""

    left: _Rope | None
    right: _Rope | _Token | None


def permute(mapped: MappedText, max_jobs: int) -> tuple[list[MappedText], list[Problem]]:
    """Return the texts that the sets create, at most `max_jobs`, and the problems.

    With problems there is one text, of the first option of each set, so that later stages can report theirs too.
    """
    text = mapped.text
    if "{" not in text and "}" not in text and "\\" not in text:
        return [mapped], []
    tokens, problems = _tokens(text)
    count = 0 if problems else _count(tokens)
    if count > max_jobs:
        problems = [too_many_jobs(_first_set(tokens), count, max_jobs)]
    if problems:
        return [_join(mapped, _first_options(tokens))], problems
    return [_join(mapped, _flatten(rope)) for rope in _ropes(tokens)], []


def _join(mapped: MappedText, words: list[_Token]) -> MappedText:
    """Return the words as one text; the empty slice gives a text without words a position too."""
    return join([Slice(mapped, 0, 0), *(Slice(mapped, token.start, token.end) for token in words)])


def too_many_jobs(place: tuple[int, int], count: int, max_jobs: int) -> Problem:
    """Return the problem of a prompt that creates more jobs than allowed."""
    code = Code.FAR_TOO_MANY_JOBS if count >= _MAX_COUNT else Code.TOO_MANY_JOBS
    message = sentence(code, count=min(count, _MAX_COUNT), limit=max_jobs)
    return Problem(*place, message, sentence(Code.FEWER_OPTIONS))


def _first_options(tokens: list[_Token]) -> list[_Token]:
    """Return the words outside sets and those of each set's first option, whether or not the braces match."""
    words: list[_Token] = []
    is_first = [True]
    for token in tokens:
        if token.kind == "open":
            is_first.append(is_first[-1])
        elif token.kind == "next":
            is_first[-1] = False
        elif token.kind == "close":
            is_first = is_first[:-1] or [True]
        elif is_first[-1]:
            words.append(token)
    return words


def _first_set(tokens: list[_Token]) -> tuple[int, int]:
    start = next(token.start for token in tokens if token.kind == "open")
    depth = 0
    for token in tokens:
        depth += (token.kind == "open") - (token.kind == "close")
        if token.kind == "close" and depth == 0:
            return start, token.end
    return start, start + 1


def _tokens(text: str) -> tuple[list[_Token], list[Problem]]:
    """Return the text split at braces and their commas, without spaces around options, and the problems in it."""
    tokens: list[_Token] = []
    problems: list[Problem] = []
    opened: list[int] = []
    kept = 0
    for match in _SIGNS.finditer(text):
        sign, (start, end) = match[0], match.span()
        if sign == "," and not opened:
            continue
        if sign[0] == "\\":
            if sign[1] in ",{}":
                _add_words(tokens, text, kept, start, before_comma=sign[1] == ",")
                tokens.append(_Token("words", start + 1, end))
                kept = end
            continue
        _add_words(tokens, text, kept, start, before_comma=sign != "{")
        kept = end
        if sign == "{":
            opened.append(start)
        elif sign == "}":
            problems += _close(tokens, opened, start)
        tokens.append(_Token(_TOKEN_KINDS[sign], start, end))
    _add_words(tokens, text, kept, len(text), before_comma=False)
    told = sentence(Code.BRACE_OPEN), sentence(Code.CLOSE_BRACE)
    problems += [Problem(place, place + 1, *told) for place in opened]
    return tokens, in_order(problems)


def _add_words(tokens: list[_Token], text: str, start: int, end: int, *, before_comma: bool) -> None:
    """Add the words between two signs, without spaces around an option; END_OF_OPTION is not a space."""
    if tokens and tokens[-1].kind in ("open", "next"):
        start += len(text[start:end]) - len(text[start:end].lstrip(" "))
    if before_comma:
        end = start + len(text[start:end].rstrip(" "))
    if start < end:
        tokens.append(_Token("words", start, end))


def _close(tokens: list[_Token], opened: list[int], place: int) -> list[Problem]:
    if not opened:
        return [Problem(place, place + 1, sentence(Code.BRACE_UNMATCHED), sentence(Code.LITERAL_BRACE))]
    opening = opened.pop()
    if tokens[-1].kind == "open":
        return [Problem(opening, place + 1, sentence(Code.BRACES_EMPTY), sentence(Code.ADD_OPTIONS))]
    return []


def _count(tokens: list[_Token]) -> int:
    """Return how many texts the sets create, without creating them, at most a million."""
    outer: list[tuple[int, int]] = []
    product, options = 1, 0
    for token in tokens:
        if token.kind == "open":
            outer.append((product, options))
            product, options = 1, 0
        elif token.kind == "next":
            product, options = 1, options + product
        elif token.kind == "close":
            inner = options + product
            product, options = outer.pop()
            product = min(product * inner, _MAX_COUNT)
    return product


def _ropes(tokens: list[_Token]) -> list[_Rope | None]:
    """Return one rope per text, in order."""
    outer: list[tuple[list[_Rope | None], list[_Rope | None]]] = []
    texts: list[_Rope | None] = [None]
    options: list[_Rope | None] = []
    for token in tokens:
        if token.kind == "words":
            texts = [_Rope(left, token) for left in texts]
        elif token.kind == "open":
            outer.append((texts, options))
            texts, options = [None], []
        elif token.kind == "next":
            texts, options = [None], [*options, *texts]
        else:
            inner = [*options, *texts]
            texts, options = outer.pop()
            texts = [_Rope(left, right) for left in texts for right in inner]
    return texts


def _flatten(rope: _Rope | None) -> list[_Token]:
    """Return the words of a rope from first to last."""
    words: list[_Token] = []
    waiting: list[_Rope | _Token | None] = [rope]
    while waiting:
        link = waiting.pop()
        if isinstance(link, _Token):
            words.append(link)
        elif link is not None:
            waiting += [link.left, link.right]
    return words[::-1]
