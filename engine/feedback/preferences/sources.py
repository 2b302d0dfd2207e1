"""What each kind of press says about pictures, which outranks which, and with what weight.

The weights are starting values between 0 and 1, relative to an explicit comparison. They say how far to trust a kind of
press, not a person. docs/preferences.md explains them.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from engine.contract.feedback import Rating, Verb
from engine.feedback.records import Action


class Source(StrEnum):
    """The kind of press that a preference was derived from."""

    PAIR = "pair"
    BEST = "best"
    RATING = "rating"
    FAVOURITE = "favourite"
    UPSCALE = "upscale"
    VARY = "vary"
    REROLL = "reroll"


# Of one member's presses about the same pictures, the lowest rank decides. Rank 0 are answers to a question that was
# asked, among which the newest decides.
RANKS = MappingProxyType(
    {
        Source.PAIR: 0,
        Source.BEST: 0,
        Source.RATING: 0,
        Source.FAVOURITE: 1,
        Source.UPSCALE: 2,
        Source.VARY: 3,
        Source.REROLL: 4,
    }
)

# Presses that choose one of the pictures that were shown, by their verb.
CHOICES = MappingProxyType(
    {
        Verb.BEST: Source.BEST,
        Verb.FAVOURITE: Source.FAVOURITE,
        Verb.UPSCALE: Source.UPSCALE,
        Verb.VARY: Source.VARY,
    }
)

PAIR_WEIGHT = 1.0
BEST_WEIGHT = 0.8
FAVOURITE_WEIGHT = 0.7
UPSCALE_WEIGHT = 0.3
CONSIDERED_UPSCALE_WEIGHT = 0.6
VARY_WEIGHT = 0.2
REROLL_WEIGHT = 0.1
# A rating of the whole grid says little about each of its pictures: as much as that somebody varied one.
GRID_RATING_WEIGHT = 0.25
GRID_RATING_RANK = RANKS[Source.VARY]

# By the difference of two ratings.
RATING_GAP_WEIGHTS = MappingProxyType({0: 0.5, 1: 0.5, 2: 0.8, 3: 1.0})

LIKED, DISLIKED = Rating.GREAT, Rating.AWFUL

# Nobody has looked at four pictures in less.
CONSIDERED = timedelta(seconds=2)
# Nobody has looked at anything in less: the press counts for nothing.
LATENCY_FLOOR = timedelta(milliseconds=400)


def choice_weight(action: Action) -> float:
    """Return the weight of a press that chose one of the pictures, for the verbs of `CHOICES`."""
    if action.verb is Verb.UPSCALE:
        considered = action.latency is not None and action.latency >= CONSIDERED
        return CONSIDERED_UPSCALE_WEIGHT if considered and action.is_owner else UPSCALE_WEIGHT
    return {Verb.BEST: BEST_WEIGHT, Verb.FAVOURITE: FAVOURITE_WEIGHT, Verb.VARY: VARY_WEIGHT}[action.verb]
