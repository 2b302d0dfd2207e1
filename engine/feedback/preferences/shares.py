"""The share cap: no rater makes up more than a small part of all weight."""

from __future__ import annotations

import math
from collections.abc import Mapping
from uuid import UUID

MAX_SHARE = 0.02
# Among few raters, nobody is cut below so many times an equal share.
_TIMES_EQUAL_SHARE = 2.0


def share_cap(num_raters: int) -> float:
    """Return the largest share of one rater among so many: 2 %, or twice an equal share if that is more."""
    return min(1.0, max(MAX_SHARE, _TIMES_EQUAL_SHARE / num_raters)) if num_raters else 1.0


def share_factors(totals: Mapping[UUID, float]) -> Mapping[UUID, float]:
    """Return what to multiply each rater's weights by, 0 to 1, so that none has more than `share_cap` of the sum.

    All who have too much are cut to the same total t, which is their share of the new sum: with k raters cut and the
    others' sum R, t = s (k t + R), so t = s R / (1 - s k).
    """
    largest = sorted((total for total in totals.values() if total > 0), reverse=True)
    limit = _limit(largest, share_cap(len(largest)))
    return {rater: min(1.0, limit / total) if total > 0 else 1.0 for rater, total in totals.items()}


def _limit(largest: list[float], share: float) -> float:
    for num_cut, total in enumerate(largest):
        rest = math.fsum(largest[num_cut:])
        limit = share * rest / (1 - share * num_cut)
        if total <= limit:
            return limit
    return math.inf
