"""Errors in a prompt, and their text with a caret under each. Errors are values; nothing here raises.

A stage returns a `Problem` at a span of its own text; `spans.locate` turns it into a `PromptError` in the source text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

MAX_SHOWN_LENGTH = 1_900
EXCERPT_WIDTH = 64
MAX_QUOTED = 32


class Problem(NamedTuple):
    """An error found by a stage: a span of the stage's own text, a message and a suggestion."""

    start: int
    end: int
    message: str
    suggestion: str = ""


class Origin(IntEnum):
    """Where a text was typed; lower values override higher ones."""

    PROMPT = 0
    COMMAND = 1
    OPTION = 2
    SUFFIX = 3


@dataclass(frozen=True, kw_only=True)
class PromptSource:
    """A text that a member typed: the prompt, an option of the command, a custom option or the suffix.

    name: as shown to the member, such as "your option --ink"; "prompt" for the prompt itself.
    """

    name: str
    text: str
    origin: Origin = Origin.PROMPT


@dataclass(frozen=True, kw_only=True)
class PromptError:
    """One error in a source: code points `start` to `end` (exclusive) of `source.text`."""

    source: PromptSource
    start: int
    end: int
    message: str
    suggestion: str = ""


@dataclass(frozen=True, kw_only=True)
class PromptErrors:
    """All errors of one prompt, in the order of the text; never empty."""

    errors: tuple[PromptError, ...]


def format_errors(errors: PromptErrors, *, width: int = EXCERPT_WIDTH, max_length: int = MAX_SHOWN_LENGTH) -> str:
    """Return one block per error: the line, carets under the error, the message and the suggestion.

    Fits a Discord code block (no double backticks, under 2,000 characters) and a terminal. Lines longer than `width`
    columns are cut around the error; errors beyond `max_length` characters are only counted.
    """
    shown: list[str] = []
    length = 0
    for error in errors.errors:
        block = _block(error, width).replace("``", "`\u200b`")
        length += len(block) + 2
        if shown and length > max_length:
            shown.append(f"... and {len(errors.errors) - len(shown)} more.")
            break
        shown.append(block)
    return "\n\n".join(shown)


def quoted(text: str, max_length: int = MAX_QUOTED) -> str:
    """Return text for use in a message: shortened, with unprintable characters replaced."""
    shown = "".join(map(_visible, text[:max_length]))
    return shown + "..." if len(text) > max_length else shown


def quoted_list(names: Sequence[str]) -> str:
    """Return the first ten names, separated by commas."""
    return ", ".join(quoted(name) for name in names[:10]) + (" ..." if len(names) > 10 else "")


def columns(text: str) -> int:
    """Return the width of text in a fixed-width font: two columns for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(map(_columns_of, text))


def _block(error: PromptError, width: int) -> str:
    line, carets = _excerpt(error, width)
    label = "" if error.source.name == "prompt" else f"In {error.source.name}:\n"
    message = f"{error.message} {error.suggestion}".rstrip()
    return f"{label}{line}\n{carets}\n{message}"


def _excerpt(error: PromptError, width: int) -> tuple[str, str]:
    """Return the line around the error, at most about `width` columns of it, and the carets below it."""
    text = error.source.text
    before = _before(text, error.start, width)
    inside = "".join(map(_visible, text[error.start : min(error.end, error.start + 4 * width)]))
    room = max(1, width - columns(before))
    carried = _cut(inside, room)
    after = "".join(map(_visible, text[error.end : error.end + width])) if carried == inside else ""
    after, inside = _cut(after, max(0, room - columns(carried))), carried
    carets = " " * columns(before) + "^" * max(1, columns(inside))
    return before + inside + after, carets


def _before(text: str, start: int, width: int) -> str:
    """Return the text before the error: all of it in a short line, half a line of it in a long one."""
    is_short = len(text) <= width and columns(text) <= width
    shown = "".join(map(_visible, text[0 if is_short else max(0, start - width // 2) : start]))
    while not is_short and columns(shown) > width // 2:
        shown = shown[1:]
    return shown if len(shown) == start else "..." + shown


def _cut(text: str, room: int) -> str:
    """Return the text, cut to `room` columns and followed by dots if it is wider."""
    if columns(text) <= room:
        return text
    kept, used = [], 0
    for character in text:
        used += _columns_of(character)
        if used > room:
            break
        kept.append(character)
    return "".join(kept) + "..."


def _columns_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _visible(character: str) -> str:
    """Return the character as shown in one line: a space for white space, a replacement for control characters."""
    if character.isspace():
        return " "
    return "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character) in ("Cc", "Cs") else character
