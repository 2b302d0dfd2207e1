"""What `easel stats` and the statistics page show, as one record."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from engine.contract.feedback import Verb
from engine.feedback.stats.agreement import RaterAgreement
from engine.feedback.stats.slots import SlotShares


@dataclass(frozen=True, kw_only=True)
class DayCount:
    """How often a verb was pressed on a day in UTC."""

    day: date
    verb: Verb
    presses: int


@dataclass(frozen=True, kw_only=True)
class RatingCounts:
    """How often each rating, 1 to 4, stands."""

    counts: tuple[int, int, int, int]

    @property
    def total(self) -> int:
        """The number of ratings."""
        return sum(self.counts)

    @property
    def mean(self) -> float | None:
        """The mean rating; None without ratings."""
        return sum(rating * count for rating, count in enumerate(self.counts, 1)) / self.total if self.total else None


@dataclass(frozen=True, kw_only=True)
class Raters:
    """How the presses are spread over members.

    presses: of all members together.
    lorenz: points (share of members, share of presses), those who press least first; empty without presses.
    gini: 0 when all press equally often, near 1 when one does everything.
    """

    members: int
    presses: int
    lorenz: tuple[tuple[float, float], ...]
    gini: float


@dataclass(frozen=True, kw_only=True)
class SlotChoices:
    """How often each slot was chosen by one verb, where so many pictures were shown."""

    verb: Verb
    num_slots: int
    shares: SlotShares


@dataclass(frozen=True, kw_only=True)
class RatedModel:
    """The ratings of one model's pictures; the name is None where it was not recorded."""

    model: str | None
    ratings: RatingCounts


@dataclass(frozen=True, kw_only=True)
class RatedPrompt:
    """The ratings of all pictures of one prompt, which is told as one of its jobs has it."""

    prompt: str
    ratings: RatingCounts


@dataclass(frozen=True, kw_only=True)
class RatedResult:
    """A result, a grid or a single picture, with its ratings.

    pictures: its pictures by slot.
    score: the mean rating, drawn towards that of all results by the weight of `SCORE_PRIOR` ratings.
    """

    prompt: str
    model: str | None
    pictures: tuple[UUID, ...]
    ratings: int
    score: float


SCORE_PRIOR = 2
"""So many ratings of the mean are added to those of each result, so that one rating makes neither best nor worst."""


@dataclass(frozen=True, kw_only=True)
class LogSummary:
    """The log since a day in UTC, or the whole of it.

    agreement: of members who answered the same pairs.
    best, worst: results in channels of servers, which no member reported and whose owner did not delete them.
    """

    made_at: datetime
    since: date | None
    days: tuple[DayCount, ...]
    raters: Raters
    slots: tuple[SlotChoices, ...]
    models: tuple[RatedModel, ...]
    prompts: tuple[RatedPrompt, ...]
    agreement: RaterAgreement
    best: tuple[RatedResult, ...]
    worst: tuple[RatedResult, ...]


def summary_to_json(summary: LogSummary) -> dict[str, Any]:
    """Return the summary as JSON data: dates as text, shares with their bounds, ratings with their mean."""
    data: dict[str, Any] = _plain(asdict(summary))
    data["models"] = [{"model": rated.model, **_ratings(rated.ratings)} for rated in summary.models]
    data["prompts"] = [{"prompt": rated.prompt, **_ratings(rated.ratings)} for rated in summary.prompts]
    data["slots"] = [_slots(choices) for choices in summary.slots]
    return data


def _ratings(ratings: RatingCounts) -> dict[str, Any]:
    return {"counts": list(ratings.counts), "ratings": ratings.total, "mean": ratings.mean}


def _slots(choices: SlotChoices) -> dict[str, Any]:
    shares = [{**asdict(share), "share": share.share} for share in choices.shares.shares]
    return {
        "verb": choices.verb.value,
        "num_slots": choices.num_slots,
        "shares": shares,
        "p_value": choices.shares.test.p_value,
    }


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
    return value
