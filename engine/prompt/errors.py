"""Errors in a prompt, and their text with a caret under each. Errors are values; nothing here raises.

A stage returns a `Problem` at a span of its own text; `spans.locate` turns it into a `PromptError` in the source text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import accumulate
from typing import NamedTuple

from engine.prompt.sentences import Code, Sentence, Told, sentence, written

MAX_SHOWN_LENGTH = 1_900
EXCERPT_WIDTH = 64
MAX_QUOTED = 32
_DOTS = "..."


class Problem(NamedTuple):
    """An error found by a stage: a span of the stage's own text, a message and a suggestion."""

    start: int
    end: int
    message: Told
    suggestion: Told = ""


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems in the order of the text."""
    return sorted(problems, key=lambda problem: (problem.start, problem.end))


class Origin(IntEnum):
    """Where a text was typed; lower values override higher ones."""

    PROMPT = 0
    COMMAND = 1
    OPTION = 2
    SUFFIX = 3


@dataclass(frozen=True, kw_only=True)
class PromptSource:
    """A text that a member typed: the prompt, an option of the command, a custom option or the suffix.

    where: what is shown above it, such as "In your option --ink:"; None for the prompt itself.
    """

    text: str
    origin: Origin = Origin.PROMPT
    where: Sentence | None = None


@dataclass(frozen=True, kw_only=True)
class PromptError:
    """One error in a source: code points `start` to `end` (exclusive) of `source.text`."""

    source: PromptSource
    start: int
    end: int
    message: Told
    suggestion: Told = ""


@dataclass(frozen=True, kw_only=True)
class PromptErrors:
    """All errors of one prompt, in the order of the text; never empty."""

    errors: tuple[PromptError, ...]


def format_errors(
    errors: PromptErrors,
    *,
    width: int = EXCERPT_WIDTH,
    max_length: int = MAX_SHOWN_LENGTH,
    said: Callable[[Told], str] = written,
) -> str:
    """Return one block per error: the line, carets under the error, the message and the suggestion.

    Fits a Discord code block (no double backticks, under 2,000 characters) and a terminal. Lines longer than `width`
    columns, at least 13, are cut around the error, since where a line wraps its carets are under other words; errors
    beyond `max_length` characters are only counted.

    said: writes a sentence in the language of whoever reads it; English without.
    """
    shown: list[str] = []
    length = 0
    for error in errors.errors:
        block = _block(error, width, said).replace("``", "`\u200b`")
        length += len(block) + 2
        if shown and length > max_length:
            shown.append(said(sentence(Code.MORE_ERRORS, count=len(errors.errors) - len(shown))))
            break
        shown.append(block)
    return "\n\n".join(shown)


def quoted(text: str, max_length: int = MAX_QUOTED) -> str:
    """Return text for use in a message: shortened, with unprintable characters replaced."""
    shown = _shown(text[:max_length])
    return shown + "..." if len(text) > max_length else shown


def quoted_list(names: Sequence[str]) -> str:
    """Return the first ten names, separated by commas."""
    return ", ".join(quoted(name) for name in names[:10]) + (" ..." if len(names) > 10 else "")


def columns(text: str) -> int:
    """Return the width of text in a fixed-width font: two columns for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(map(_columns_of, text))


def _block(error: PromptError, width: int, said: Callable[[Told], str]) -> str:
    line, carets = _excerpt(error, width)
    label = f"{said(error.source.where)}\n" if error.source.where else ""
    message = f"{said(error.message)} {said(error.suggestion)}".rstrip()
    if not line.strip():
        return f"{label}{message}"
    return f"{label}{line}\n{carets}\n{message}"


def _excerpt(error: PromptError, width: int) -> tuple[str, str]:
    """Return the line around the error, at most `width` columns with the dots of cuts, and the carets below it."""
    text, reach = error.source.text, 4 * width
    end = min(error.end, error.start + reach)
    inside = _beginning(_shown(text[error.start : end]), width - 2 * len(_DOTS))
    room = width - max(1, columns(inside))
    ahead, behind = _shown(text[max(0, error.start - reach) : error.start]), _shown(text[error.end : error.end + reach])
    before = _ending(ahead, max(room // 2, room - columns(behind)), is_cut=error.start > reach)
    after = _beginning(behind, room - columns(before))
    carets = " " * columns(before) + "^" * max(1, columns(inside))
    return before + inside + after, carets


def _beginning(text: str, room: int) -> str:
    """Return the text, or as much of its beginning as fits into `room` columns with dots behind it."""
    if columns(text) <= room:
        return text
    kept = accumulate(map(_columns_of, text))
    return text[: sum(used <= room - len(_DOTS) for used in kept)] + _DOTS


def _ending(text: str, room: int, *, is_cut: bool) -> str:
    """Return the text, or as much of its end as fits into `room` columns with dots before it.

    is_cut: whether it is only the end of a text already.
    """
    if columns(text) <= room and not is_cut:
        return text
    kept = accumulate(map(_columns_of, reversed(text)))
    return _DOTS + text[len(text) - sum(used <= room - len(_DOTS) for used in kept) :]


def _shown(text: str) -> str:
    return "".join(map(_visible, text))


def _columns_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _visible(character: str) -> str:
    """Return the character as shown in one line: a space for white space, a replacement for control characters."""
    if character.isspace():
        return " "
    return "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character) in ("Cc", "Cs") else character
