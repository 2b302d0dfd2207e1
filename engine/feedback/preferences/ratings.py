"""Scores of pictures and rankings of grids, from the four-level ratings."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from engine.contract.feedback import Verb
from engine.feedback.preferences.pairs import MIN_RATERS_WEIGHED
from engine.feedback.preferences.raters import PRIOR_SKILL
from engine.feedback.preferences.sources import GRID_RATING_WEIGHT
from engine.feedback.preferences.standing import shown_pictures
from engine.feedback.preferences.votes import ratings_by_grid
from engine.feedback.records import Press


class RatingGiven(NamedTuple):
    """One member's rating of a picture, 1 to 4; `weight` is less if they rated the grid and not the picture."""

    picture_id: UUID
    rater: UUID
    value: int
    weight: float
    at: datetime


@dataclass(frozen=True, kw_only=True)
class PictureScore:
    """What is known of how good a picture is.

    rating: mean of its ratings, 1 to 4, weighed by what was rated and by the raters' skill; None if nobody rated it.
    raters: how many rated it or its grid.
    strength: Bradley-Terry score among the pictures it was compared with; None if it was compared with none.
    newest: when it was last rated or compared.
    """

    picture_id: UUID
    rating: float | None
    raters: int
    strength: float | None
    newest: datetime


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """One member's ranking of pictures of one grid: rank 1 is best, equal ranks are ties.

    pictures: at least two, ordered by id; ranks: of these, without gaps between the numbers.
    """

    rater: UUID
    job_id: UUID | None
    pictures: tuple[UUID, ...]
    ranks: tuple[int, ...]
    press_id: int
    at: datetime


def ratings_of_rater(standing: Sequence[Press], excluded: Set[UUID]) -> list[RatingGiven]:
    """Return one member's ratings of pictures; that of a grid is one of each of its pictures not rated itself."""
    ratings: dict[UUID, RatingGiven] = {}
    for press in standing:
        action = press.action
        if action.verb is not Verb.RATE or action.value is None:
            continue
        if action.picture_id is not None:
            ratings[action.picture_id] = RatingGiven(action.picture_id, action.member_id, action.value, 1.0, action.at)
            continue
        for picture_id in shown_pictures(action):
            if picture_id not in ratings or ratings[picture_id].weight < 1.0:
                given = RatingGiven(picture_id, action.member_id, action.value, GRID_RATING_WEIGHT, action.at)
                ratings[picture_id] = given
    return [ratings[picture_id] for picture_id in sorted(ratings.keys() - excluded)]


def rankings_of_rater(standing: Sequence[Press], excluded: Set[UUID]) -> Iterator[Ranking]:
    """Yield one member's ranking of each grid of which they rated two pictures or more."""
    for rated in ratings_by_grid(standing):
        values = {
            press.action.picture_id: press.action.value
            for press in rated
            if press.action.picture_id is not None and press.action.picture_id not in excluded and press.action.value
        }
        if len(values) < 2:
            continue
        rank_of = {value: rank for rank, value in enumerate(sorted(set(values.values()), reverse=True), 1)}
        newest = rated[-1].action
        yield Ranking(
            rater=newest.member_id,
            job_id=newest.job_id,
            pictures=tuple(sorted(values)),
            ranks=tuple(rank_of[values[picture_id]] for picture_id in sorted(values)),
            press_id=newest.press_id,
            at=newest.at,
        )


def picture_scores(
    ratings: Iterable[RatingGiven],
    strengths: Mapping[UUID, float],
    compared_at: Mapping[UUID, datetime],
    skills: Mapping[UUID, float],
) -> list[PictureScore]:
    """Return the score of each picture that was rated or compared, ordered by id.

    strengths, compared_at: of each picture that was compared, its strength and the time of the last comparison.
    """
    by_picture: dict[UUID, list[RatingGiven]] = {}
    for rating in ratings:
        by_picture.setdefault(rating.picture_id, []).append(rating)
    return [
        PictureScore(
            picture_id=picture_id,
            rating=_mean(by_picture.get(picture_id, ()), skills),
            raters=len(by_picture.get(picture_id, ())),
            strength=strengths.get(picture_id),
            newest=_newest(by_picture.get(picture_id, ()), compared_at.get(picture_id)),
        )
        for picture_id in sorted(by_picture.keys() | strengths.keys())
    ]


def _newest(ratings: Sequence[RatingGiven], compared_at: datetime | None) -> datetime:
    times = [rating.at for rating in ratings]
    return max(times if compared_at is None else [*times, compared_at])


def _mean(ratings: Sequence[RatingGiven], skills: Mapping[UUID, float]) -> float | None:
    if not ratings:
        return None
    known = skills if len(ratings) >= MIN_RATERS_WEIGHED else {}
    weights = [rating.weight * known.get(rating.rater, PRIOR_SKILL) for rating in ratings]
    weighted = (weight * rating.value for weight, rating in zip(weights, ratings, strict=True))
    return math.fsum(weighted) / math.fsum(weights)
