"""What is pressed, when, by how many, and how pictures are rated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date
from uuid import UUID

from engine.contract.feedback import Verb
from engine.feedback.records import Action


@dataclass(frozen=True, kw_only=True)
class RatingCounts:
    """How often each rating, 1 to 4, was given."""

    counts: tuple[int, int, int, int]

    @property
    def mean(self) -> float | None:
        """The mean rating; None without ratings."""
        total = sum(self.counts)
        return sum(rating * count for rating, count in enumerate(self.counts, 1)) / total if total else None


@dataclass(frozen=True, kw_only=True)
class Activity:
    """Sums over actions.

    verbs_by_day: how often each verb was pressed on each day in UTC on which anything was, oldest first.
    presses_by_member: how often each member pressed anything.
    ratings_by_model: by the model's name, None where it was not recorded; ratings that were changed count each time.
    """

    verbs_by_day: Mapping[date, Mapping[Verb, int]]
    presses_by_member: Mapping[UUID, int]
    ratings_by_model: Mapping[str | None, RatingCounts]


def summarize_activity(actions: Iterable[Action]) -> Activity:
    """Return the sums over the actions, each of which is looked at once; held are the sums only."""
    days: Counter[tuple[date, Verb]] = Counter()
    members: Counter[UUID] = Counter()
    ratings: Counter[tuple[str | None, int]] = Counter()
    for action in actions:
        days[action.at.astimezone(UTC).date(), action.verb] += 1
        members[action.member_id] += 1
        if action.verb is Verb.RATE and action.value:
            ratings[action.model, action.value] += 1
    return Activity(
        verbs_by_day={
            day: {verb: days[day, verb] for verb in Verb if days[day, verb]} for day in sorted({day for day, _ in days})
        },
        presses_by_member=members,
        ratings_by_model={model: _rating_counts(model, ratings) for model in {model for model, _ in ratings}},
    )


def _rating_counts(model: str | None, ratings: Counter[tuple[str | None, int]]) -> RatingCounts:
    return RatingCounts(counts=(ratings[model, 1], ratings[model, 2], ratings[model, 3], ratings[model, 4]))
