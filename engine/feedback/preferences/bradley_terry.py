"""Scores from comparisons: the Bradley-Terry model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

# Each picture is taken to have won and lost this much against a picture of score 0, which keeps scores finite.
PRIOR_WINS = 0.5

_MAX_ROUNDS = 500
# Rounds end when no score changes by more; no step is longer, which keeps steps from overshooting.
_TOLERANCE = 1e-5
_MAX_STEP = 1.0


class Comparison(NamedTuple):
    """The weight of the votes for each of two pictures; a tie counts half for each."""

    first: UUID
    second: UUID
    first_wins: float
    second_wins: float


def bradley_terry_scores(comparisons: Iterable[Comparison]) -> Mapping[UUID, float]:
    """Return the score of each picture compared: i beats j with probability P_ij = 1 / (1 + exp(s_j - s_i)).

    The scores are where the logarithm of the posterior is largest, that is, where each picture has as many wins as
    expected: W_i = sum_j(n_ij P_ij), the prior's included; n_ij are the comparisons of i and j. Each round moves each
    score by a Newton step, (W_i - sum_j(n_ij P_ij)) / sum_j(n_ij P_ij P_ji). The logarithm is concave, so there is one
    solution. Guarantees: the result does not depend on the order of comparisons.
    Source: Bradley and Terry 1952; Hunter 2004 for its fitting, with a prior as in Caron and Doucet 2012.
    """
    ordered = sorted(comparisons)
    pictures = sorted({picture for comparison in ordered for picture in comparison[:2]})
    index = {picture: number for number, picture in enumerate(pictures)}
    opponents: list[list[tuple[int, float]]] = [[] for _ in pictures]
    wins = [[PRIOR_WINS] for _ in pictures]
    for first, second, first_wins, second_wins in ordered:
        for one, other, won in ((first, second, first_wins), (second, first, second_wins)):
            opponents[index[one]].append((index[other], first_wins + second_wins))
            wins[index[one]].append(won)
    scores = _fit([math.fsum(won) for won in wins], opponents)
    return dict(zip(pictures, scores, strict=True))


def _fit(wins: Sequence[float], opponents: Sequence[Sequence[tuple[int, float]]]) -> list[float]:
    scores = [0.0] * len(wins)
    for connected in _connected(opponents):
        for _ in range(_MAX_ROUNDS):
            before = [scores[picture] for picture in connected]
            for picture in connected:
                scores[picture] += _newton_step(picture, wins[picture], opponents[picture], scores)
            _level(connected, scores)
            if all(abs(scores[picture] - was) < _TOLERANCE for picture, was in zip(connected, before, strict=True)):
                break
    return scores


def _connected(opponents: Sequence[Sequence[tuple[int, float]]]) -> Iterator[list[int]]:
    """Yield the pictures that are compared with each other, directly or over others."""
    seen = set[int]()
    for start in range(len(opponents)):
        if start in seen:
            continue
        seen.add(start)
        reached = [start]
        for picture in reached:
            new = {other for other, _ in opponents[picture]} - seen
            seen |= new
            reached += sorted(new)
        yield sorted(reached)


def _level(connected: Sequence[int], scores: list[float]) -> None:
    """Shift the scores together by a Newton step: only the prior holds them in place, which single steps hardly see."""
    probabilities = [1 / (1 + math.exp(-scores[picture])) for picture in connected]
    slope = math.fsum(0.5 - probability for probability in probabilities)
    shift = slope / math.fsum(probability * (1 - probability) for probability in probabilities)
    for picture in connected:
        scores[picture] += max(-_MAX_STEP, min(_MAX_STEP, shift))


def _newton_step(picture: int, wins: float, met: Sequence[tuple[int, float]], scores: Sequence[float]) -> float:
    score = scores[picture]
    probability = 1 / (1 + math.exp(-score))
    expected = 2 * PRIOR_WINS * probability
    curvature = expected * (1 - probability)
    for other, comparisons in met:
        probability = 1 / (1 + math.exp(scores[other] - score))
        expected += comparisons * probability
        curvature += comparisons * probability * (1 - probability)
    return max(-_MAX_STEP, min(_MAX_STEP, (wins - expected) / curvature))
