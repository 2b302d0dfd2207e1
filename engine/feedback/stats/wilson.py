"""Confidence intervals of shares."""

from __future__ import annotations

import math
from dataclasses import dataclass

# The normal deviate of a two-sided interval of 95 %.
Z_95 = 1.959963984540054


@dataclass(frozen=True, kw_only=True)
class Share:
    """A share of `total`, with the bounds of its 95 % interval."""

    count: int
    total: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The observed share; 0 when nothing was observed."""
        return self.count / self.total if self.total else 0.0


def wilson_share(count: int, total: int) -> Share:
    """Return `count` of `total` with its 95 % Wilson score interval; without observations the interval is 0 to 1.

    The bounds are (p + z^2/2n ± z sqrt(p(1 - p)/n + z^2/4n^2)) / (1 + z^2/n). Source: Wilson 1927.
    """
    if not total:
        return Share(count=0, total=0, low=0.0, high=1.0)
    share, squared = count / total, Z_95 * Z_95 / total
    centre = share + squared / 2
    spread = Z_95 * math.sqrt(share * (1 - share) / total + squared / (4 * total))
    low = 0.0 if count == 0 else (centre - spread) / (1 + squared)
    high = 1.0 if count == total else (centre + spread) / (1 + squared)
    return Share(count=count, total=total, low=low, high=high)
