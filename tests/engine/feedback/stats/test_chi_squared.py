"""The chi-squared test gives the figures of published tables."""

from __future__ import annotations

import pytest

from engine.feedback.stats.chi_squared import chi_squared_tail, chi_squared_uniform

# Critical values from the tables of the NIST/SEMATECH handbook, 1.3.6.7.4.
_CRITICAL = [
    (1, 0.05, 3.841),
    (1, 0.001, 10.828),
    (2, 0.05, 5.991),
    (3, 0.05, 7.815),
    (3, 0.01, 11.345),
    (4, 0.10, 7.779),
    (7, 0.025, 16.013),
    (10, 0.01, 23.209),
    (99, 0.05, 123.225),
]


@pytest.mark.parametrize(("degrees", "probability", "critical"), _CRITICAL)
def test_tail_has_the_critical_values_of_the_tables(degrees: int, probability: float, critical: float) -> None:
    assert chi_squared_tail(critical, degrees) == pytest.approx(probability, rel=2e-3)


def test_statistic_is_that_of_the_definition() -> None:
    """Forty, twenty, twenty and twenty of a hundred: (15^2 + 3 * 5^2) / 25 = 12."""
    test = chi_squared_uniform([40, 20, 20, 20])
    assert (test.statistic, test.degrees_of_freedom) == (12.0, 3)
    assert test.p_value == pytest.approx(0.00738, rel=1e-3)


@pytest.mark.parametrize("counts", [[], [7], [0, 0, 0, 0], [25, 25, 25, 25]])
def test_nothing_to_tell_apart_is_no_bias(counts: list[int]) -> None:
    assert chi_squared_uniform(counts).p_value == 1.0


def test_large_counts_do_not_overflow() -> None:
    assert chi_squared_uniform([10**9, 0, 0, 0]).p_value == 0.0
