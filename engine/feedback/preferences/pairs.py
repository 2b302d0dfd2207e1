"""Labelled pairs: what all raters together say about two pictures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from engine.feedback.preferences.bradley_terry import Comparison
from engine.feedback.preferences.raters import PRIOR_SKILL
from engine.feedback.preferences.sources import PAIR_WEIGHT, Source
from engine.feedback.preferences.votes import Vote

# A pair of fewer raters is weighed as if they were typical: what is published of it tells nothing about one person.
MIN_RATERS_WEIGHED = 3
# Nobody is taken to be surer.
MAX_SKILL = 0.98


@dataclass(frozen=True, kw_only=True)
class LabelledPair:
    """Two pictures of one prompt and what the raters together say.

    first, second: in the order of their ids, which says nothing about who won.
    first_votes, second_votes, ties: numbers of raters.
    first_weight, second_weight, tie_weight: sums of their weights. Not for publication: they may tell of one rater.
    confidence: probability that the side with more weight is rightly preferred, in hundredths; 0.5 if neither has more.
    sources: of the votes, sorted.
    newest: when the last of the votes was given.
    """

    first: UUID
    second: UUID
    first_votes: int
    second_votes: int
    ties: int
    first_weight: float
    second_weight: float
    tie_weight: float
    confidence: float
    sources: tuple[Source, ...]
    newest: datetime

    @property
    def winner(self) -> UUID | None:
        """The preferred picture; None when both have the same weight, or ties have more than both."""
        if self.first_weight == self.second_weight or self.tie_weight > max(self.first_weight, self.second_weight):
            return None
        return self.first if self.first_weight > self.second_weight else self.second

    @property
    def weight(self) -> float:
        """The weight of the preference: what speaks for the winner less what speaks against it; 0 without a winner."""
        return 0.0 if self.winner is None else abs(self.first_weight - self.second_weight)

    @property
    def comparison(self) -> Comparison:
        """The pair as the scores take it."""
        half = self.tie_weight / 2
        return Comparison(self.first, self.second, self.first_weight + half, self.second_weight + half)


def pairs_from_votes(votes: Iterable[Vote], skills: Mapping[UUID, float], typical_skill: float) -> list[LabelledPair]:
    """Return the labelled pairs, ordered by their ids, from votes of which each rater has one on each pair.

    skills: of the raters, 0 to 1; raters who are missing have `PRIOR_SKILL`.
    typical_skill: of the raters together. A vote of several raters weighs in proportion to its rater's skill.
    """
    by_pair: dict[tuple[UUID, UUID], list[Vote]] = {}
    for vote in votes:
        by_pair.setdefault(vote.pair, []).append(vote)
    return [_labelled(pair, by_pair[pair], skills, typical_skill) for pair in sorted(by_pair)]


def _labelled(
    pair: tuple[UUID, UUID], votes: Sequence[Vote], skills: Mapping[UUID, float], typical_skill: float
) -> LabelledPair:
    known = skills if len(votes) >= MIN_RATERS_WEIGHED else dict.fromkeys((vote.rater for vote in votes), typical_skill)
    skilled = [(vote, known.get(vote.rater, PRIOR_SKILL)) for vote in votes]
    sides = [[(vote, skill) for vote, skill in skilled if not vote.is_tie and vote.winner == side] for side in pair]
    ties = [(vote, skill) for vote, skill in skilled if vote.is_tie]
    weights = [math.fsum(vote.weight * skill / typical_skill for vote, skill in side) for side in (*sides, ties)]
    return LabelledPair(
        first=pair[0],
        second=pair[1],
        first_votes=len(sides[0]),
        second_votes=len(sides[1]),
        ties=len(ties),
        first_weight=weights[0],
        second_weight=weights[1],
        tie_weight=weights[2],
        confidence=_confidence(sides, weights),
        sources=tuple(sorted({vote.source for vote in votes})),
        newest=max(vote.at for vote in votes),
    )


def _confidence(sides: Sequence[Sequence[tuple[Vote, float]]], weights: Sequence[float]) -> float:
    """Return the probability that the side with more weight is right: 1 / (1 + exp(-sum(±e log((1 + q) / (1 - q))))).

    The sum is over the votes, e is a vote's weight, at most 1, and q the rater's skill.
    Source: the posterior of the one-coin case of Dawid and Skene 1979, with votes discounted by their weight.
    """
    first, second = (math.fsum(_log_odds(vote, skill) for vote, skill in side) for side in sides)
    if weights[0] == weights[1] or weights[2] > max(weights[0], weights[1]):
        return 0.5
    in_favour = first - second if weights[0] > weights[1] else second - first
    return round(1 / (1 + math.exp(-in_favour)), 2)


def _log_odds(vote: Vote, skill: float) -> float:
    capped = min(skill, MAX_SKILL)
    return min(vote.weight, PAIR_WEIGHT) * math.log((1 + capped) / (1 - capped))
