"""Pearson's chi-squared test: whether counts differ from what was expected by more than chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ChiSquared:
    """The result of a test; `p_value` is the probability of a statistic this large if chance alone were at work."""

    statistic: float
    degrees_of_freedom: int
    p_value: float


def chi_squared_uniform(counts: Sequence[int]) -> ChiSquared:
    """Test whether all categories are equally likely: the statistic is sum((observed - expected)^2 / expected).

    Without observations, or with one category, the p-value is 1. The p-value is an approximation that holds from
    about five expected observations in each category. Source: Pearson 1900.
    """
    total, categories = sum(counts), len(counts)
    if not total or categories < 2:
        return ChiSquared(statistic=0.0, degrees_of_freedom=max(categories - 1, 0), p_value=1.0)
    expected = total / categories
    statistic = math.fsum((count - expected) ** 2 / expected for count in counts)
    return ChiSquared(
        statistic=statistic, degrees_of_freedom=categories - 1, p_value=chi_squared_tail(statistic, categories - 1)
    )


def chi_squared_tail(statistic: float, degrees_of_freedom: int) -> float:
    """Return the probability that a chi-squared variable exceeds `statistic` >= 0, for 1 degree of freedom or more.

    Source: Abramowitz and Stegun, 26.4.4 (odd degrees) and 26.4.5 (even degrees), as sums of x^k / Gamma(k + 1) with
    x = statistic / 2; the terms are computed as logarithms, which do not overflow.
    """
    if statistic <= 0:
        return 1.0
    half = statistic / 2
    odd = degrees_of_freedom % 2
    tail = math.erfc(math.sqrt(half)) if odd else 0.0
    steps = (k + odd / 2 for k in range((degrees_of_freedom - odd) // 2))
    return min(1.0, tail + math.fsum(math.exp(k * math.log(half) - half - math.lgamma(k + 1)) for k in steps))
