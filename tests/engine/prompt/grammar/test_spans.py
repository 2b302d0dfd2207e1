"""Text that knows where it was written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.prompt import Source
from engine.prompt.errors import Flaw
from engine.prompt.grammar.spans import Piece, join, locate, source_at, traced_from_source

ONE, OTHER = Source(name="prompt", text="a red fox"), Source(name="your suffix", text="--ar 3:2")
FIRST, SECOND = traced_from_source(ONE), traced_from_source(OTHER)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8), st.integers(0, 8)), max_size=8))
def test_every_character_remembers_its_place(cuts: list[tuple[bool, int, int]]) -> None:
    """Through two joins each character is found in its source, at its place."""
    pieces = [Piece(FIRST if first else SECOND, min(start, end), max(start, end)) for first, start, end in cuts]
    once = join(pieces)
    twice = join([Piece(once, 0, len(once.text) // 2), Piece(once, len(once.text) // 2, len(once.text))])
    for index, character in enumerate(twice.text):
        fault = locate(Flaw(index, index + 1, ""), twice)
        assert fault.source is source_at(twice, index)
        assert fault.source.text[fault.start : fault.end] == character


def test_a_flaw_over_two_sources_is_shown_where_it_starts() -> None:
    """It reaches to the end of its first source."""
    both = join([Piece(FIRST, 0, 9), Piece(SECOND, 0, 8)])
    fault = locate(Flaw(6, 12, ""), both)
    assert (fault.source, fault.start, fault.end) == (ONE, 6, 9)


def test_a_flaw_behind_the_end_is_shown_at_the_end() -> None:
    """A place past the last character is the end of the last source."""
    fault = locate(Flaw(9, 12, ""), FIRST)
    assert (fault.start, fault.end) == (9, 9)
