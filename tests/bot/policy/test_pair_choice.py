"""Which pairs come first."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.policy.pair_choice import (
    NO_TALLIES,
    REPEATED_EVERY,
    SLOT_PAIRS,
    Tally,
    is_repeat_due,
    mean_uncertainty,
    most_uncertain,
    tallies_of,
)

COUNTS = st.integers(0, 500)


def test_every_two_pictures_of_a_grid_are_a_pair() -> None:
    assert len(set(SLOT_PAIRS)) == 6
    assert tallies_of(NO_TALLIES) == [Tally()] * 6


def test_few_answers_and_answers_that_differ_leave_more_unknown() -> None:
    """Nothing is known of a pair without answers, and least is left unknown by many who agree."""
    ordered = [Tally(), Tally(1, 0, 0), Tally(1, 1, 0), Tally(2, 1, 0), Tally(2, 0, 0), Tally(3, 0, 0), Tally(9, 0, 0)]
    values = [tally.uncertainty for tally in ordered]
    assert values == sorted(values, reverse=True)
    assert values[0] == pytest.approx(1 / 12)
    assert len(set(values)) == len(values)


@given(COUNTS, COUNTS, COUNTS)
def test_sides_do_not_matter_and_every_answer_counts(first: int, second: int, neither: int) -> None:
    """A swapped pair is as uncertain, and who prefers neither has still been asked."""
    tally = Tally(first, second, neither)
    assert tally.uncertainty == pytest.approx(Tally(second, first, neither).uncertainty)
    assert 0 < tally.uncertainty <= 1 / 12
    assert Tally(first, first, neither + 1).uncertainty < Tally(first, first, neither).uncertainty


def test_a_grid_that_nobody_has_seen_comes_first() -> None:
    """Even before one of which a single pair was answered once."""
    untouched, touched = tallies_of(NO_TALLIES), [Tally(1, 0, 0), *tallies_of(NO_TALLIES)[1:]]
    assert mean_uncertainty(untouched) > mean_uncertainty(touched)
    assert most_uncertain(touched, ()) == [1, 2, 3, 4, 5]
    assert most_uncertain(touched, (1, 2, 3, 4, 5)) == [0]
    assert most_uncertain(touched, range(6)) == []


@pytest.mark.parametrize("offset", [0, 7, 19, 2**127 + 5])
def test_one_pair_in_twenty_is_a_repeat(offset: int) -> None:
    """At a place of the member's own, and not among the first."""
    due = [number for number in range(1, 20 * REPEATED_EVERY + 1) if is_repeat_due(number, offset)]
    assert due[0] > REPEATED_EVERY // 2
    assert {later - earlier for earlier, later in pairwise(due)} == {REPEATED_EVERY}
