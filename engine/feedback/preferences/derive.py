"""Preferences from presses: everything that the presses about one prompt cluster say, as labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from engine.feedback.preferences.answers import (
    EXCLUDING,
    Answers,
    answers_by_rater,
    excluded_pictures,
    presses_by_rater,
    reports_by_picture,
)
from engine.feedback.preferences.bradley_terry import bradley_terry_scores
from engine.feedback.preferences.community import Community
from engine.feedback.preferences.likes import LikedPicture, liked_pictures, opinions_of_rater
from engine.feedback.preferences.pairs import LabelledPair, pairs_from_votes
from engine.feedback.preferences.ratings import (
    PictureScore,
    Ranking,
    picture_scores,
    rankings_of_rater,
    ratings_of_rater,
)
from engine.feedback.preferences.selections import Selection, selections_of_rater
from engine.feedback.preferences.standing import is_hasty
from engine.feedback.preferences.votes import Vote
from engine.feedback.records import Press


class LeftOut(StrEnum):
    """Why something became no label: a press, a picture, or a vote of one member on two pictures.

    unreliable: a press of a rater whose presses are all left out.
    too_fast: a press that came before anybody could have looked.
    not_standing: a press that was replaced, taken back or repeated.
    excluded: a picture that was reported by anybody or deleted by its owner.
    outranked: a vote on two pictures about which the member said something clearer or newer.
    contradictory: two pictures about which the member said both.
    cycle: a vote in a circle of preferences.
    """

    UNRELIABLE = "unreliable"
    TOO_FAST = "too_fast"
    NOT_STANDING = "not_standing"
    EXCLUDED = "excluded"
    OUTRANKED = "outranked"
    CONTRADICTORY = "contradictory"
    CYCLE = "cycle"


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """What the presses about one prompt cluster say.

    votes: one for each member and pair of pictures, ties too.
    pairs: what all raters together say about two pictures.
    rankings, selections: of grids, by one member each.
    likes, scores: of single pictures, by all raters together.
    reports: how many members reported a picture; such a picture is in nothing else.
    excluded: these pictures and those that their owner deleted.
    raters: whose presses stand.
    presses: all that this was derived from, each once, oldest first.
    left_out: how much became no label, by reason.
    """

    votes: tuple[Vote, ...]
    pairs: tuple[LabelledPair, ...]
    rankings: tuple[Ranking, ...]
    selections: tuple[Selection, ...]
    likes: tuple[LikedPicture, ...]
    scores: tuple[PictureScore, ...]
    reports: Mapping[UUID, int]
    excluded: frozenset[UUID]
    raters: frozenset[UUID]
    presses: tuple[Press, ...]
    left_out: Mapping[LeftOut, int]


def derive_preferences(presses: Sequence[Press], community: Community) -> Preferences:
    """Return everything that the presses about one prompt cluster say.

    presses: all that may be used, in any order: whoever calls this has left out what consent does not allow.
    Guarantees: the result is the same whatever the order of the presses, also bit by bit.
    """
    excluded = excluded_pictures(presses)
    all_answers = list(answers_by_rater(presses, community.biases, excluded, community.skills))
    votes = [vote for answers in all_answers for vote in _votes_cut_to_share(answers, community)]
    pairs = pairs_from_votes(votes, community.skills, community.typical_skill)
    strengths = bradley_terry_scores(pair.comparison for pair in pairs)
    ratings = [rating for answers in all_answers for rating in ratings_of_rater(answers.standing, excluded)]
    return Preferences(
        votes=tuple(votes),
        pairs=tuple(pairs),
        rankings=tuple(ranking for answers in all_answers for ranking in rankings_of_rater(answers.standing, excluded)),
        selections=tuple(
            replace(selection, weight=selection.weight * community.share_factors[answers.rater])
            for answers in all_answers
            for selection in selections_of_rater(answers.standing, community.biases, excluded)
        ),
        likes=tuple(
            liked_pictures(
                opinion._replace(weight=opinion.weight * community.share_factors[answers.rater])
                for answers in all_answers
                for opinion in opinions_of_rater(answers.standing, answers.resolved.votes, community.biases, excluded)
            )
        ),
        scores=tuple(picture_scores(ratings, strengths, _compared_at(pairs), community.skills)),
        reports=reports_by_picture(presses),
        excluded=frozenset(excluded),
        presses=tuple(press for _, press in sorted({press.action.press_id: press for press in presses}.items())),
        raters=frozenset(answers.rater for answers in all_answers if answers.standing),
        left_out=_left_out(presses, all_answers, len(excluded)),
    )


def _votes_cut_to_share(answers: Answers, community: Community) -> list[Vote]:
    factor = community.share_factors[answers.rater]
    if factor == 1.0:
        return list(answers.resolved.votes)
    return [replace(vote, weight=vote.weight * factor) for vote in answers.resolved.votes]


def _compared_at(pairs: Sequence[LabelledPair]) -> Mapping[UUID, datetime]:
    by_time = sorted(pairs, key=lambda pair: pair.newest)
    return {picture: pair.newest for pair in by_time for picture in (pair.first, pair.second)}


def _left_out(presses: Sequence[Press], all_answers: Sequence[Answers], num_excluded: int) -> Mapping[LeftOut, int]:
    by_rater = presses_by_rater({press.action.press_id: press for press in presses}.values())
    counts = Counter({LeftOut.EXCLUDED: num_excluded})
    for answers in all_answers:
        of_rater = by_rater.pop(answers.rater)
        too_fast = sum(is_hasty(press.action) for press in of_rater)
        counts[LeftOut.TOO_FAST] += too_fast
        counts[LeftOut.NOT_STANDING] += len(of_rater) - too_fast - len(answers.standing)
        counts[LeftOut.OUTRANKED] += answers.resolved.outranked
        counts[LeftOut.CONTRADICTORY] += answers.resolved.contradictory
        counts[LeftOut.CYCLE] += answers.resolved.in_cycles
    counts[LeftOut.UNRELIABLE] = sum(
        press.action.verb not in EXCLUDING for of_rater in by_rater.values() for press in of_rater
    )
    return {reason: counts[reason] for reason in LeftOut}
