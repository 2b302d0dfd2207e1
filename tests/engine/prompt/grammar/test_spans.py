"""Text that maps its characters to where they were typed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.prompt import PromptSource
from engine.prompt.errors import Origin, Problem
from engine.prompt.grammar.spans import Slice, join, locate, mapped_from_source, source_at

ONE, OTHER = PromptSource(text="a red fox"), PromptSource(text="--ar 3:2", origin=Origin.SUFFIX)
FIRST, SECOND = mapped_from_source(ONE), mapped_from_source(OTHER)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8), st.integers(0, 8)), max_size=8))
def test_every_character_remembers_its_place(cuts: list[tuple[bool, int, int]]) -> None:
    """After two joins each character maps to its position in its source."""
    slices = [Slice(FIRST if first else SECOND, min(start, end), max(start, end)) for first, start, end in cuts]
    once = join(slices)
    twice = join([Slice(once, 0, len(once.text) // 2), Slice(once, len(once.text) // 2, len(once.text))])
    for index, character in enumerate(twice.text):
        error = locate(Problem(index, index + 1, ""), twice)
        assert error.source is source_at(twice, index)
        assert error.source.text[error.start : error.end] == character


def test_a_problem_over_two_sources_is_shown_where_it_starts() -> None:
    """It ends at the end of its first source."""
    both = join([Slice(FIRST, 0, 9), Slice(SECOND, 0, 8)])
    error = locate(Problem(6, 12, ""), both)
    assert (error.source, error.start, error.end) == (ONE, 6, 9)


def test_a_problem_behind_the_end_is_shown_at_the_end() -> None:
    """A position past the last character maps to the end of the last source."""
    error = locate(Problem(9, 12, ""), FIRST)
    assert (error.start, error.end) == (9, 9)
