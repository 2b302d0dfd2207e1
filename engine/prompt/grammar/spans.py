"""Text that remembers where each of its characters was written, through removals, substitutions and permutations.

It knows nothing of the language; positions are looked up only when a fault has to be shown.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from engine.prompt.errors import Flaw, PromptFault, Source


class Run(NamedTuple):
    """From `start` on, the text is that of `source` from `offset` on."""

    start: int
    source: Source
    offset: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Traced:
    """A text in runs of unbroken origin: `runs` ascend by `start` and the first starts at 0."""

    text: str
    runs: tuple[Run, ...]


class Piece(NamedTuple):
    """A span of a traced text."""

    traced: Traced
    start: int
    end: int


def traced_from_source(source: Source) -> Traced:
    """Return the source's own text, each character at its own place."""
    return Traced(text=source.text, runs=(Run(0, source, 0),))


def join(pieces: Iterable[Piece]) -> Traced:
    """Return the pieces one after another, each character remembering its place."""
    texts: list[str] = []
    runs: list[Run] = []
    length = 0
    for traced, start, end in pieces:
        if start == end and runs:
            continue
        texts.append(traced.text[start:end])
        runs.extend(_runs_between(traced, start, end, length))
        length += end - start
    return Traced(text="".join(texts), runs=tuple(runs))


def source_at(traced: Traced, index: int) -> Source:
    """Return the source of the character at `index`."""
    return _run_at(traced, index).source


def locate(flaw: Flaw, traced: Traced) -> PromptFault:
    """Return the flaw as a fault of the text that the member wrote.

    A flaw that spans two sources is shown where it starts.
    """
    first = _run_at(traced, flaw.start)
    last = _run_at(traced, max(flaw.start, flaw.end - 1))
    start = first.offset + flaw.start - first.start
    length = len(first.source.text)
    end = last.offset + flaw.end - last.start if last.source is first.source else length
    start = min(start, length)
    return PromptFault(
        source=first.source,
        start=start,
        end=min(max(start, end), length),
        sentence=flaw.sentence,
        suggestion=flaw.suggestion,
    )


def _run_at(traced: Traced, index: int) -> Run:
    if len(traced.runs) == 1:
        return traced.runs[0]
    place = bisect_right(traced.runs, index, key=lambda run: run.start)
    return traced.runs[max(0, place - 1)]


def _runs_between(traced: Traced, start: int, end: int, at: int) -> list[Run]:
    """Return the runs of `start` to `end`, moved so that the span begins at `at`."""
    first = max(0, bisect_right(traced.runs, start, key=lambda run: run.start) - 1)
    moved: list[Run] = []
    for index in range(first, len(traced.runs)):
        run = traced.runs[index]
        if run.start >= end and moved:
            break
        skipped = max(0, start - run.start)
        moved.append(Run(at + run.start + skipped - start, run.source, run.offset + skipped))
    return moved
