"""Which pairs of pictures members are asked to compare: first those of which the least is known."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations
from statistics import fmean
from typing import NamedTuple

SLOT_PAIRS = tuple(combinations(range(4), 2))
"""The pairs of a grid's slots; a pair's index is its place here."""

REPEATED_EVERY = 20
"""One pair in so many is one that the member has answered, with the sides swapped: it shows how consistent they are."""

MIN_BETWEEN = 5
"""At least so many pairs lie between the two."""


class Tally(NamedTuple):
    """How members answered a pair: how many prefer the first slot, the second, and neither."""

    first: int = 0
    second: int = 0
    neither: int = 0

    @property
    def uncertainty(self) -> float:
        """How little is known of which is better: the variance of the share that prefers the first.

        By the posterior of a uniform prior, in which who prefers neither counts half for each. It is 1/12 without an
        answer, and less with answers, the less the more of them there are and the more they agree.
        """
        first, second = (votes + self.neither / 2 + 1 for votes in (self.first, self.second))
        total = first + second
        return first * second / (total * total * (total + 1))


NO_TALLIES = (0,) * 3 * len(SLOT_PAIRS)


def tallies_of(numbers: Sequence[int]) -> list[Tally]:
    """Return the tallies of a grid's pairs, in the order of `SLOT_PAIRS`, from their numbers in a row."""
    return [Tally(*numbers[at : at + 3]) for at in range(0, len(numbers), 3)]


def mean_uncertainty(tallies: Collection[Tally]) -> float:
    """Return how little is known of a grid: grids that nobody has seen come before those that somebody has."""
    return fmean(tally.uncertainty for tally in tallies)


def most_uncertain(tallies: Sequence[Tally], seen: Collection[int]) -> list[int]:
    """Return the indexes of the pairs of which the least is known, of those that are not in `seen`."""
    left = [index for index in range(len(tallies)) if index not in seen]
    most = max((tallies[index].uncertainty for index in left), default=0.0)
    return [index for index in left if tallies[index].uncertainty == most]


def is_repeat_due(number: int, offset: int) -> bool:
    """Return whether a member's pair of that number, from 1, is to be a repeated one.

    offset: any number of the member's own, so that nobody knows beforehand which of twenty it is.
    """
    return number > REPEATED_EVERY // 2 and number % REPEATED_EVERY == offset % REPEATED_EVERY
