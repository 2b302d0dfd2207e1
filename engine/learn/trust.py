"""How far votes can be relied on by what others of the community say: those that contradict its taste weigh less."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch

from engine.learn.preferences import Preference
from engine.learn.reward import Comparisons, train_reward_model

Key = tuple[str, str, str]
"""Caption, winner and loser of a preference."""


def trust_in(comparisons: Comparisons) -> Mapping[Key, float]:
    """Return by what each preference's weight is to be multiplied, 0 to 2, and 1 where nothing is known.

    It is twice the probability that the winner is preferred, by a reward model of other prompts: half of the prompts
    judge the others, so that no vote speaks for itself.
    Source: the posterior of a vote's being meant, with a prior of one half; Chowdhury et al. 2024 (robust DPO) weigh
    all votes alike by the rate of noise.
    """
    half = torch.tensor([_half_of(one.caption) for one in comparisons.preferences])
    parts = [torch.nonzero(half == number)[:, 0] for number in (0, 1)]
    if not all(len(part) for part in parts):
        return {}
    sides = [_part(comparisons, part.tolist()) for part in parts]
    found = dict[Key, float]()
    for own, other in (sides, sides[::-1]):
        # Its calibration alone has seen them.
        chances = torch.sigmoid(train_reward_model(other, own).rewards(own.differences))
        found |= {key_of(one): 2 * chance for one, chance in zip(own.preferences, chances.tolist(), strict=True)}
    return found


def weighed(preferences: Sequence[Preference], trust: Mapping[Key, float]) -> list[Preference]:
    """Return the preferences with their weights multiplied."""
    return [replace(one, weight=one.weight * trust.get(key_of(one), 1.0)) for one in preferences]


def key_of(preference: Preference) -> Key:
    """Return what tells a preference from others."""
    return preference.caption, preference.winner, preference.loser


def _half_of(caption: str) -> int:
    return hashlib.sha256(caption.encode()).digest()[0] % 2


def _part(comparisons: Comparisons, places: Sequence[int]) -> Comparisons:
    return Comparisons(
        differences=comparisons.differences[places],
        weights=comparisons.weights[places],
        preferences=[comparisons.preferences[at] for at in places],
    )
