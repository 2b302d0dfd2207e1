"""Lorenz curve and Gini coefficient of how much each rater contributes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.feedback.stats.inequality import gini, lorenz_curve


def test_lorenz_curve_goes_from_the_least_to_the_most() -> None:
    assert lorenz_curve([6, 1, 3]) == ((0.0, 0.0), (1 / 3, 0.1), (2 / 3, 0.4), (1.0, 1.0))


@pytest.mark.parametrize(("contributions", "expected"), [([5, 5, 5], 0.0), ([0, 0, 0, 8], 0.75), ([1, 3], 0.25)])
def test_gini_of_known_distributions(contributions: list[int], expected: float) -> None:
    assert gini(contributions) == pytest.approx(expected)


@pytest.mark.parametrize("nothing", [[], [0, 0]])
def test_nothing_contributed(nothing: list[int]) -> None:
    assert lorenz_curve(nothing) == ()
    assert gini(nothing) == 0.0


@given(st.lists(st.integers(0, 1000), min_size=1).filter(any))
def test_gini_is_twice_the_area_above_the_curve(contributions: list[int]) -> None:
    """The two functions agree, and the curve never rises above the diagonal."""
    curve = lorenz_curve(contributions)
    area = sum((x1 - x0) * (y0 + y1) / 2 for (x0, y0), (x1, y1) in pairwise(curve))
    assert gini(contributions) == pytest.approx(1 - 2 * area, abs=1e-9)
    assert all(y <= x + 1e-12 for x, y in curve)
