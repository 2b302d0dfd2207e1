"""Text that maps each of its characters to where it was typed, through removals, substitutions and permutations.

It knows nothing of the language; positions are looked up only to show an error.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from engine.prompt.errors import Problem, PromptError, PromptSource


class Segment(NamedTuple):
    """From `start` on, the text is that of `source` from `offset` on."""

    start: int
    source: PromptSource
    offset: int


@dataclass(frozen=True, kw_only=True, slots=True)
class MappedText:
    """A text and the sources of its segments: `segments` ascend by `start`, and the first starts at 0."""

    text: str
    segments: tuple[Segment, ...]


class Slice(NamedTuple):
    """A span of a mapped text."""

    mapped: MappedText
    start: int
    end: int


def mapped_from_source(source: PromptSource) -> MappedText:
    """Return the source's text, each character mapped to its own position."""
    return MappedText(text=source.text, segments=(Segment(0, source, 0),))


def join(slices: Iterable[Slice]) -> MappedText:
    """Return the slices one after another, each character mapped to its source."""
    texts: list[str] = []
    segments: list[Segment] = []
    length = 0
    for mapped, start, end in slices:
        if start == end and segments:
            continue
        texts.append(mapped.text[start:end])
        segments.extend(_segments_between(mapped, start, end, length))
        length += end - start
    return MappedText(text="".join(texts), segments=tuple(segments))


def source_at(mapped: MappedText, index: int) -> PromptSource:
    """Return the source of the character at `index`."""
    return _segment_at(mapped, index).source


def locate(problem: Problem, mapped: MappedText) -> PromptError:
    """Return the problem as an error in the text that the member typed.

    A problem that spans two sources ends with the first.
    """
    first = _segment_at(mapped, problem.start)
    last = _segment_at(mapped, max(problem.start, problem.end - 1))
    start = first.offset + problem.start - first.start
    length = len(first.source.text)
    end = last.offset + problem.end - last.start if last.source is first.source else length
    start = min(start, length)
    return PromptError(
        source=first.source,
        start=start,
        end=min(max(start, end), length),
        message=problem.message,
        suggestion=problem.suggestion,
    )


def _segment_at(mapped: MappedText, index: int) -> Segment:
    if len(mapped.segments) == 1:
        return mapped.segments[0]
    place = bisect_right(mapped.segments, index, key=lambda segment: segment.start)
    return mapped.segments[max(0, place - 1)]


def _segments_between(mapped: MappedText, start: int, end: int, at: int) -> list[Segment]:
    """Return the segments from `start` to `end`, moved so that the span starts at `at`."""
    first = max(0, bisect_right(mapped.segments, start, key=lambda segment: segment.start) - 1)
    moved: list[Segment] = []
    for index in range(first, len(mapped.segments)):
        segment = mapped.segments[index]
        if segment.start >= end and moved:
            break
        skipped = max(0, start - segment.start)
        moved.append(Segment(at + segment.start + skipped - start, segment.source, segment.offset + skipped))
    return moved
