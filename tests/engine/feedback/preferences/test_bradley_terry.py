"""Scores are those that make the comparisons most likely."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.feedback.preferences.bradley_terry import PRIOR_WINS, Comparison, bradley_terry_scores
from tests.engine.feedback.preferences.pressing import id_of

_numbers = st.integers(1, 8)
_comparisons = st.lists(
    st.tuples(_numbers, _numbers, st.floats(0, 50), st.floats(0, 50)).filter(lambda made: made[0] < made[1]),
    max_size=12,
).map(lambda made: [Comparison(id_of(one), id_of(other), *wins) for one, other, *wins in made])


@given(_comparisons)
@settings(max_examples=40)
def test_every_picture_has_as_many_wins_as_expected(comparisons: list[Comparison]) -> None:
    """The equation of the maximum, by its definition."""
    scores = bradley_terry_scores(comparisons)
    for picture, score in scores.items():
        wins, expected = PRIOR_WINS, 2 * PRIOR_WINS / (1 + math.exp(-score))
        for first, second, first_wins, second_wins in comparisons:
            if picture in (first, second):
                wins += first_wins if picture == first else second_wins
                other = scores[second if picture == first else first]
                expected += (first_wins + second_wins) / (1 + math.exp(other - score))
        assert wins == pytest.approx(expected, abs=1e-3)


@given(_comparisons, st.randoms(use_true_random=False))
@settings(max_examples=20)
def test_the_order_of_comparisons_does_not_matter(comparisons: list[Comparison], generator: Random) -> None:
    shuffled = list(comparisons)
    generator.shuffle(shuffled)
    assert bradley_terry_scores(shuffled) == bradley_terry_scores(comparisons)


def test_many_comparisons_outweigh_the_prior() -> None:
    """Three wins of four: the odds are three, whatever side they are on."""
    scores = bradley_terry_scores([Comparison(id_of(1), id_of(2), 3000, 1000)])
    assert scores[id_of(1)] - scores[id_of(2)] == pytest.approx(math.log(3), rel=1e-2)
    assert scores[id_of(1)] == pytest.approx(-scores[id_of(2)], abs=1e-4)


def test_one_who_always_wins_has_a_finite_score() -> None:
    scores = bradley_terry_scores([Comparison(id_of(1), id_of(2), 100, 0)])
    assert 0 < scores[id_of(1)] < 10


def test_nothing_compared() -> None:
    assert bradley_terry_scores([]) == {}
