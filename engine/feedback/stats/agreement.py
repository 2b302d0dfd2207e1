"""How far raters agree on the same pairs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import comb


@dataclass(frozen=True, kw_only=True)
class RaterAgreement:
    """Agreement on pairs that two raters or more decided; each share is None without such pairs.

    pairs: how many there are.
    of_two: how likely two raters of the same pair agree, each pair counted once.
    with_majority: how likely one rater agrees with most of the raters, themselves included, on pairs of three or more;
        half where the raters are divided evenly.
    """

    pairs: int
    of_two: float | None
    with_majority: float | None


def rater_agreement(votes: Iterable[tuple[int, int]]) -> RaterAgreement:
    """Return the agreement of the votes for each side of each pair; ties are not counted.

    Of n raters of whom k choose one side, (C(k, 2) + C(n - k, 2)) / C(n, 2) of the pairs of raters agree: the observed
    agreement of Fleiss 1971.
    """
    of_two, with_majority = list[float](), list[float]()
    for first, second in votes:
        raters = first + second
        if raters >= 2:
            of_two.append((comb(first, 2) + comb(second, 2)) / comb(raters, 2))
        if raters >= 3:
            with_majority.append(max(first, second) / raters)
    return RaterAgreement(pairs=len(of_two), of_two=_mean(of_two), with_majority=_mean(with_majority))


def _mean(shares: list[float]) -> float | None:
    return sum(shares) / len(shares) if shares else None
