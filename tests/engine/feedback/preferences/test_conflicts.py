"""One member's presses that say different things, and several members who do."""

from __future__ import annotations

import pytest

from engine.contract.feedback import Verb
from engine.feedback.preferences.derive import LeftOut
from engine.feedback.preferences.likes import LikeSplit
from engine.feedback.records import Choice, Press
from tests.engine.feedback.preferences.pressing import choose, derive, id_of, prefer, press, rate, winners

GRID = (1, 2, 3, 4)


def test_the_newest_answer_on_two_pictures_decides() -> None:
    rated = (rate(GRID, 1, 4, at=1), rate(GRID, 2, 1, at=2))
    assert winners(derive(*rated, choose(1, 2, Choice.RIGHT, at=3))) == {(1, 2): 2}
    assert winners(derive(*rated, choose(1, 2, Choice.RIGHT, at=0))) == {(1, 2): 1}


@pytest.mark.parametrize(
    ("strong", "weak"),
    [
        (choose(1, 2, Choice.LEFT, at=1), press(Verb.FAVOURITE, GRID, 2, at=2, value=1)),
        (press(Verb.FAVOURITE, GRID, 1, at=1, value=1), press(Verb.UPSCALE, GRID, 2, at=2)),
        (press(Verb.UPSCALE, GRID, 1, at=1), press(Verb.VARY, GRID, 2, at=2)),
    ],
)
def test_the_clearer_press_decides_also_when_it_is_older(strong: Press, weak: Press) -> None:
    assert winners(derive(strong, weak))[1, 2] == 1


def test_an_upscale_does_not_break_an_explicit_tie() -> None:
    made = derive(choose(1, 2, Choice.TIE, at=1), press(Verb.UPSCALE, GRID, 1, at=2))
    assert winners(made) == {(1, 2): None, (1, 3): 1, (1, 4): 1}


def test_different_answers_to_a_repeated_pair_cancel() -> None:
    made = derive(choose(1, 2, Choice.LEFT, at=1), choose(2, 1, Choice.LEFT, at=2))
    assert made.votes == ()
    assert made.left_out[LeftOut.CONTRADICTORY] == 1


def test_the_same_answer_to_a_repeated_pair_is_one_vote() -> None:
    made = derive(choose(1, 2, Choice.LEFT, at=1), choose(2, 1, Choice.RIGHT, at=2))
    assert winners(made) == {(1, 2): 1}
    assert made.pairs[0].first_votes == 1


def test_a_cycle_is_no_preference() -> None:
    made = derive(prefer(1, 2, at=1), prefer(2, 3, at=2), prefer(3, 1, at=3), prefer(3, 4, at=4))
    assert winners(made) == {(3, 4): 3}
    assert made.left_out[LeftOut.CYCLE] == 3


def test_a_weak_press_that_closes_a_cycle_undoes_no_answer() -> None:
    answers = (prefer(1, 2, at=1), prefer(2, 3, at=2))
    made = derive(*answers, press(Verb.VARY, (3, 1), 3, at=3))
    assert winners(made) == {(1, 2): 1, (2, 3): 2}


def test_raters_who_disagree_are_both_counted() -> None:
    made = derive(prefer(1, 2, at=1, by=1), prefer(1, 2, at=2, by=2), prefer(2, 1, at=3, by=3))
    (pair,) = made.pairs
    assert (pair.first_votes, pair.second_votes, pair.winner) == (2, 1, id_of(1))
    assert [like.split for like in made.likes] == [LikeSplit.INTERSECTIONS] * 2


def test_one_answer_against_two_ties_is_no_preference() -> None:
    ties = [choose(1, 2, Choice.TIE, at=by, by=by) for by in (1, 2)]
    assert winners(derive(*ties, prefer(1, 2, at=3, by=3))) == {(1, 2): None}
    assert winners(derive(ties[0], prefer(1, 2, at=3, by=3), prefer(1, 2, at=4, by=4))) == {(1, 2): 1}


def test_a_member_can_like_a_picture_in_one_pair_and_not_in_another() -> None:
    made = derive(prefer(1, 2, at=1), prefer(2, 3, at=2))
    assert [like.split for like in made.likes] == [
        LikeSplit.EXCLUSIVE_WIN,
        LikeSplit.INTERSECTIONS,
        LikeSplit.EXCLUSIVE_LOSE,
    ]


def test_one_against_one_has_no_winner() -> None:
    made = derive(prefer(1, 2, at=1, by=1), prefer(2, 1, at=3, by=2))
    assert winners(made) == {(1, 2): None}


def test_pressing_again_is_one_vote() -> None:
    made = derive(press(Verb.UPSCALE, GRID, 2, at=1), press(Verb.UPSCALE, GRID, 2, at=2, seconds=60))
    assert [vote.press_id for vote in made.votes] == [1, 1, 1]


def test_a_press_delivered_twice_is_one_press() -> None:
    once = press(Verb.UPSCALE, GRID, 2, at=1)
    assert derive(once, once) == derive(once)
