"""How often each slot is chosen, with intervals and the test of bias."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.feedback.stats.chi_squared import ChiSquared, chi_squared_uniform
from engine.feedback.stats.wilson import Share, wilson_share


@dataclass(frozen=True, kw_only=True)
class SlotShares:
    """The share of each slot of the choices, and whether their differences are more than chance."""

    shares: tuple[Share, ...]
    test: ChiSquared


def slot_shares(counts: Sequence[int]) -> SlotShares:
    """Return the shares of slots that were chosen so often."""
    total = sum(counts)
    return SlotShares(
        shares=tuple(wilson_share(count, total) for count in counts),
        test=chi_squared_uniform(counts),
    )
