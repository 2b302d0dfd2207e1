"""Likes: whether single pictures are liked or disliked, for training that needs no pairs (KTO)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from engine.contract.feedback import Verb
from engine.feedback.preferences.slots import SlotBiases, slot_weight
from engine.feedback.preferences.sources import (
    CHOICES,
    DISLIKED,
    GRID_RATING_RANK,
    GRID_RATING_WEIGHT,
    LIKED,
    PAIR_WEIGHT,
    RANKS,
    REROLL_WEIGHT,
    Source,
    choice_weight,
)
from engine.feedback.preferences.standing import shown_pictures
from engine.feedback.preferences.votes import Vote, rerolled_only
from engine.feedback.records import Action, Choice, Press


class LikeSplit(StrEnum):
    """What a picture is in training: liked only, disliked only, or both by different answers."""

    EXCLUSIVE_WIN = "exclusive_win"
    EXCLUSIVE_LOSE = "exclusive_lose"
    INTERSECTIONS = "intersections"


class Opinion(NamedTuple):
    """One member's opinion of a picture, its weight, and when it was given."""

    picture_id: UUID
    rank: int
    is_liked: bool
    weight: float
    at: datetime


@dataclass(frozen=True, kw_only=True)
class LikedPicture:
    """The opinions of a picture: numbers and sums of weights of those who like it and of those who do not.

    like_rank: the lowest rank of what the likes follow from, as `RANKS` has them; None without likes.
    newest: when the last of the opinions was given.
    """

    picture_id: UUID
    likes: int
    dislikes: int
    like_weight: float
    dislike_weight: float
    like_rank: int | None
    newest: datetime

    @property
    def split(self) -> LikeSplit:
        """What the picture is in training."""
        if self.likes and self.dislikes:
            return LikeSplit.INTERSECTIONS
        return LikeSplit.EXCLUSIVE_WIN if self.likes else LikeSplit.EXCLUSIVE_LOSE


def opinions_of_rater(
    standing: Sequence[Press], votes: Iterable[Vote], biases: SlotBiases, excluded: Set[UUID]
) -> list[Opinion]:
    """Return one member's opinions, ordered by picture: of each picture those of the lowest rank, and two at most.

    votes: the member's resolved votes; of them, comparisons of pairs count here.
    """
    strongest: dict[UUID, list[Opinion]] = {}
    for opinion in (*_from_votes(votes), *_from_presses(standing, biases)):
        opinions = strongest.setdefault(opinion.picture_id, [opinion])
        if opinion.rank < opinions[0].rank:
            strongest[opinion.picture_id] = [opinion]
        elif opinion.rank == opinions[0].rank:
            opinions.append(opinion)
    return [
        max(of_side)
        for picture_id in sorted(strongest.keys() - excluded)
        for is_liked in (True, False)
        if (of_side := [opinion for opinion in strongest[picture_id] if opinion.is_liked is is_liked])
    ]


def liked_pictures(opinions: Iterable[Opinion]) -> list[LikedPicture]:
    """Return the pictures of which anybody has an opinion, ordered by id."""
    by_picture: dict[UUID, list[Opinion]] = {}
    for opinion in opinions:
        by_picture.setdefault(opinion.picture_id, []).append(opinion)
    return [_liked(picture_id, by_picture[picture_id]) for picture_id in sorted(by_picture)]


def _liked(picture_id: UUID, opinions: Sequence[Opinion]) -> LikedPicture:
    likes = [opinion for opinion in opinions if opinion.is_liked]
    dislikes = [opinion for opinion in opinions if not opinion.is_liked]
    return LikedPicture(
        picture_id=picture_id,
        likes=len(likes),
        dislikes=len(dislikes),
        like_weight=math.fsum(opinion.weight for opinion in likes),
        dislike_weight=math.fsum(opinion.weight for opinion in dislikes),
        like_rank=min((opinion.rank for opinion in likes), default=None),
        newest=max(opinion.at for opinion in opinions),
    )


def _from_votes(votes: Iterable[Vote]) -> Iterator[Opinion]:
    for vote in votes:
        if vote.source is Source.PAIR and not vote.is_tie:
            yield Opinion(vote.winner, RANKS[Source.PAIR], True, vote.weight, vote.at)
            yield Opinion(vote.loser, RANKS[Source.PAIR], False, vote.weight, vote.at)


def _from_presses(standing: Sequence[Press], biases: SlotBiases) -> Iterator[Opinion]:
    for press in standing:
        yield from _from_press(press, biases)
    for press in rerolled_only(standing):
        for picture_id in shown_pictures(press.action):
            yield Opinion(picture_id, RANKS[Source.REROLL], False, REROLL_WEIGHT, press.action.at)


def _from_press(press: Press, biases: SlotBiases) -> Iterator[Opinion]:
    action = press.action
    match action.verb:
        case Verb.CHOOSE if action.choice is Choice.BOTH_BAD:
            for picture_id in shown_pictures(action):
                yield Opinion(picture_id, RANKS[Source.PAIR], False, PAIR_WEIGHT, action.at)
        case Verb.RATE if action.value in (LIKED, DISLIKED):
            yield from _from_rating(action, is_liked=action.value == LIKED)
        case Verb.BEST | Verb.FAVOURITE | Verb.UPSCALE if action.picture_id is not None:
            weight = choice_weight(action) * slot_weight(press, biases)
            yield Opinion(action.picture_id, RANKS[CHOICES[action.verb]], True, weight, action.at)


def _from_rating(action: Action, *, is_liked: bool) -> Iterator[Opinion]:
    if action.picture_id is not None:
        yield Opinion(action.picture_id, RANKS[Source.RATING], is_liked, 1.0, action.at)
        return
    for picture_id in shown_pictures(action):
        yield Opinion(picture_id, GRID_RATING_RANK, is_liked, GRID_RATING_WEIGHT, action.at)
