"""How unequally contributions are spread over raters."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import accumulate


def lorenz_curve(contributions: Iterable[float]) -> tuple[tuple[float, float], ...]:
    """Return the points (share of raters, share of contributions), raters with the least first, from (0, 0) to (1, 1).

    Without contributions there is no curve: the result is empty. Source: Lorenz 1905.
    """
    ascending = sorted(contributions)
    total = math.fsum(ascending)
    if not total:
        return ()
    sums = [0.0, *accumulate(ascending)]
    return tuple((rank / len(ascending), min(1.0, so_far / sums[-1])) for rank, so_far in enumerate(sums))


def gini(contributions: Iterable[float]) -> float:
    """Return the Gini coefficient: 0 when all contribute the same, near 1 when one contributes everything.

    It is sum((2i - n - 1) x_i) / (n sum(x_i)) over ascending x_i, i from 1: twice the area between the Lorenz curve
    and the diagonal. Without contributions it is 0. Source: Gini 1912.
    """
    ascending = sorted(contributions)
    total = math.fsum(ascending)
    if not total:
        return 0.0
    count = len(ascending)
    return math.fsum((2 * rank - count - 1) * value for rank, value in enumerate(ascending, 1)) / (count * total)
