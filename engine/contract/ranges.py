"""The numbers that a model takes for a setting, in English; who speaks other languages says them from the facts."""

from __future__ import annotations

from collections.abc import Sequence

Strings = Sequence[str]


def known_range(within: Strings) -> tuple[str, ...]:
    """Return the range as the one value that a setting takes; nothing without one.

    within: the lowest and the highest number, and the sampler with which they hold if it is not all.
    """
    match within:
        case (low, high):
            return (f"{low} to {high}",)
        case (low, high, sampler):
            return (f"{low} to {high} with the sampler {sampler}",)
    return ()
