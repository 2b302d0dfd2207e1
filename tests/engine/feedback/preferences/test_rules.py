"""Each rule from presses to labels, as docs/preferences.md has them."""

from __future__ import annotations

import pytest

from engine.contract.feedback import Verb
from engine.feedback.preferences.derive import LeftOut
from engine.feedback.preferences.likes import LikeSplit
from engine.feedback.preferences.sources import Source
from engine.feedback.records import Choice, Press
from tests.engine.feedback.preferences.pressing import choose, derive, id_of, number_of, press, rate, winners

GRID = (1, 2, 3, 4)
NEXT_GRID = (5, 6, 7, 8)


def test_an_upscaled_picture_wins_against_its_three_siblings() -> None:
    made = derive(press(Verb.UPSCALE, GRID, 2, at=1))
    assert winners(made) == {(1, 2): 2, (2, 3): 2, (2, 4): 2}
    assert {vote.source for vote in made.votes} == {Source.UPSCALE}


def test_two_upscaled_pictures_win_against_the_rest_and_not_against_each_other() -> None:
    made = derive(press(Verb.UPSCALE, GRID, 2, at=1), press(Verb.UPSCALE, GRID, 3, at=2))
    assert winners(made) == {(1, 2): 2, (2, 4): 2, (1, 3): 3, (3, 4): 3}


@pytest.mark.parametrize(
    ("owner", "seconds", "weight"),
    [(True, 2.0, 0.6), (True, 1.9, 0.3), (False, 5.0, 0.3), (True, None, 0.3)],
)
def test_an_upscale_weighs_more_when_the_owner_took_two_seconds(
    owner: bool, seconds: float | None, weight: float
) -> None:
    made = derive(press(Verb.UPSCALE, GRID, 2, at=1, owner=owner, seconds=seconds))
    assert [vote.weight for vote in made.votes] == pytest.approx([weight] * 3)
    assert {vote.is_owner for vote in made.votes} == {owner}


@pytest.mark.parametrize(("verb", "weight"), [(Verb.BEST, 0.8), (Verb.FAVOURITE, 0.7), (Verb.VARY, 0.2)])
def test_other_choices_from_a_grid_have_weights_of_their_own(verb: Verb, weight: float) -> None:
    made = derive(press(verb, GRID, 4, at=1, value=None if verb is Verb.VARY else 1))
    assert winners(made) == {(1, 4): 4, (2, 4): 4, (3, 4): 4}
    assert [vote.weight for vote in made.votes] == pytest.approx([weight] * 3)


def test_a_favourite_does_not_lose_to_an_upscaled_picture() -> None:
    """Also when it was made a favourite on a message that showed nothing else."""
    made = derive(press(Verb.UPSCALE, GRID, 2, at=1), press(Verb.FAVOURITE, (3,), 3, at=2, value=1))
    assert winners(made) == {(1, 2): 2, (2, 4): 2}


def test_a_favourite_on_a_message_of_one_picture_is_no_comparison() -> None:
    made = derive(press(Verb.FAVOURITE, (2,), 2, at=1, value=1))
    assert made.pairs == ()
    assert [(number_of(like.picture_id), like.split) for like in made.likes] == [(2, LikeSplit.EXCLUSIVE_WIN)]


@pytest.mark.parametrize(("better", "worse", "weight"), [(3, 2, 0.5), (4, 2, 0.8), (4, 1, 1.0)])
def test_ratings_make_a_pair_by_their_gap(better: int, worse: int, weight: float) -> None:
    made = derive(rate(GRID, 1, worse, at=1), rate(GRID, 3, better, at=2))
    assert winners(made) == {(1, 3): 3}
    assert made.pairs[0].weight == pytest.approx(weight)


def test_equal_ratings_are_a_tie() -> None:
    made = derive(rate(GRID, 1, 3, at=1), rate(GRID, 2, 3, at=2))
    assert winners(made) == {(1, 2): None}
    assert made.pairs[0].ties == 1


def test_ratings_of_different_grids_are_not_compared() -> None:
    made = derive(rate(GRID, 1, 4, at=1), rate(NEXT_GRID, 5, 1, at=2))
    assert made.pairs == ()


def test_ratings_make_a_ranking_with_ties() -> None:
    made = derive(rate(GRID, 1, 2, at=1), rate(GRID, 2, 4, at=2), rate(GRID, 3, 2, at=3), rate(GRID, 4, 1, at=4))
    (ranking,) = made.rankings
    assert (ranking.pictures, ranking.ranks) == (tuple(map(id_of, GRID)), (2, 1, 2, 3))


def test_a_grid_is_selected_from_by_the_clearest_press() -> None:
    """Best of four outranks the upscales; to vary is to select nothing."""
    upscales = [press(Verb.UPSCALE, GRID, 2, at=1), press(Verb.UPSCALE, GRID, 1, at=2)]
    (selection,) = derive(*upscales).selections
    assert selection.chosen == (id_of(1), id_of(2))
    (selection,) = derive(*upscales, press(Verb.BEST, GRID, 4, at=3, value=1)).selections
    assert (selection.chosen, selection.shown) == ((id_of(4),), tuple(map(id_of, GRID)))
    assert derive(press(Verb.VARY, GRID, 1, at=1)).selections == ()


@pytest.mark.parametrize(("choice", "winner"), [(Choice.LEFT, 7), (Choice.RIGHT, 2)])
def test_an_answer_to_a_pair_is_a_preference(choice: Choice, winner: int) -> None:
    made = derive(choose(7, 2, choice, at=1))
    assert winners(made) == {(2, 7): winner}
    assert made.pairs[0].weight == pytest.approx(1.0)
    assert [like.split for like in made.likes] == (
        [LikeSplit.EXCLUSIVE_WIN, LikeSplit.EXCLUSIVE_LOSE]
        if winner == 2
        else [LikeSplit.EXCLUSIVE_LOSE, LikeSplit.EXCLUSIVE_WIN]
    )


def test_a_tie_is_no_preference() -> None:
    made = derive(choose(1, 2, Choice.TIE, at=1))
    assert winners(made) == {(1, 2): None}
    assert (made.pairs[0].weight, made.pairs[0].confidence, made.likes) == (0.0, 0.5, ())


def test_both_bad_is_two_dislikes_and_no_pair() -> None:
    made = derive(choose(1, 2, Choice.BOTH_BAD, at=1))
    assert made.pairs == ()
    assert [like.split for like in made.likes] == [LikeSplit.EXCLUSIVE_LOSE] * 2


def test_a_skipped_pair_says_nothing() -> None:
    made = derive(choose(1, 2, Choice.SKIP, at=1))
    assert (made.pairs, made.likes, made.scores) == ((), (), ())


@pytest.mark.parametrize(
    ("rating", "split"), [(4, LikeSplit.EXCLUSIVE_WIN), (3, None), (2, None), (1, LikeSplit.EXCLUSIVE_LOSE)]
)
def test_the_best_rating_is_a_like_and_the_worst_a_dislike(rating: int, split: LikeSplit | None) -> None:
    made = derive(rate(GRID, 1, rating, at=1))
    assert [like.split for like in made.likes] == ([] if split is None else [split])


def test_a_rated_grid_is_a_weak_opinion_of_each_picture() -> None:
    made = derive(rate(GRID, None, 4, at=1), rate(GRID, 2, 1, at=2))
    assert [(like.like_weight, like.dislike_weight) for like in made.likes] == [
        (0.25, 0),
        (0, 1.0),
        (0.25, 0),
        (0.25, 0),
    ]
    assert [score.rating for score in made.scores] == [4, 1, 4, 4]
    assert made.pairs == ()


def test_a_reroll_alone_is_a_weak_dislike_of_all_four() -> None:
    made = derive(press(Verb.REROLL, GRID, at=1))
    assert [(like.split, like.dislike_weight) for like in made.likes] == [(LikeSplit.EXCLUSIVE_LOSE, 0.1)] * 4
    assert made.pairs == ()


def test_a_reroll_after_another_press_says_nothing() -> None:
    made = derive(press(Verb.FAVOURITE, (2,), 2, at=1, value=1), press(Verb.REROLL, GRID, at=2))
    assert [(number_of(like.picture_id), like.split) for like in made.likes] == [(2, LikeSplit.EXCLUSIVE_WIN)]


def test_what_is_upscaled_next_wins_weakly_against_what_was_rerolled() -> None:
    """Of the same prompt, after the re-roll, and of the same member only."""
    reroll = press(Verb.REROLL, GRID, at=1)
    made = derive(reroll, press(Verb.UPSCALE, NEXT_GRID, 6, at=2))
    against_rerolled = [vote for vote in made.votes if vote.source is Source.REROLL]
    assert {(number_of(vote.winner), number_of(vote.loser)) for vote in against_rerolled} == {(6, n) for n in GRID}
    assert {vote.weight for vote in against_rerolled} == {0.1}
    for other in (
        press(Verb.UPSCALE, NEXT_GRID, 6, at=2, prompt="a dog"),
        press(Verb.UPSCALE, NEXT_GRID, 6, at=0),
        press(Verb.UPSCALE, NEXT_GRID, 6, at=2, by=2),
    ):
        assert Source.REROLL not in {vote.source for vote in derive(reroll, other).votes}


@pytest.mark.parametrize("by", [1, 2])
def test_a_reported_picture_has_the_safety_label_only(by: int) -> None:
    """Whoever reports it: it neither wins nor loses, and is not liked, rated, ranked or selected."""
    about_it = (
        rate(GRID, 1, 4, at=1),
        rate(GRID, 2, 1, at=2),
        press(Verb.UPSCALE, GRID, 1, at=3),
        choose(1, 3, Choice.LEFT, at=4),
    )
    made = derive(*about_it, press(Verb.REPORT, GRID, 1, at=5, by=by, seconds=0.1))
    assert made.reports == {id_of(1): 1}
    assert id_of(1) not in {picture for pair in made.pairs for picture in (pair.first, pair.second)}
    assert id_of(1) not in {like.picture_id for like in made.likes} | {score.picture_id for score in made.scores}
    assert (made.rankings, made.selections) == ((), ())
    assert made.left_out[LeftOut.EXCLUDED] == 1


def test_what_its_owner_deleted_has_no_label() -> None:
    upscale = press(Verb.UPSCALE, GRID, 1, at=1, by=2)
    assert derive(upscale, press(Verb.DELETE, GRID, at=2)).votes == ()
    assert derive(upscale, press(Verb.DELETE, GRID, at=2, owner=False)).votes != ()


@pytest.mark.parametrize("verb", [Verb.SAVE, Verb.CANCEL])
def test_other_presses_are_no_labels(verb: Verb) -> None:
    made = derive(press(verb, GRID, 1, at=1))
    assert (made.votes, made.likes, made.selections, made.scores) == ((), (), (), ())


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (rate(GRID, 1, 4, at=1), rate(GRID, 1, 0, at=2)),
        (press(Verb.FAVOURITE, GRID, 1, at=1, value=1), press(Verb.FAVOURITE, GRID, 1, at=2, value=0)),
        (press(Verb.BEST, GRID, 1, at=1, value=1), press(Verb.BEST, GRID, 1, at=2, value=0)),
        (choose(1, 2, Choice.LEFT, at=1), choose(1, 2, Choice.SKIP, at=2)),
        (rate(GRID, 1, 4, at=1), press(Verb.SAVE, GRID, 2, at=2, replaces=1)),
    ],
)
def test_what_is_taken_back_or_replaced_says_nothing(earlier: Press, later: Press) -> None:
    made = derive(earlier, later)
    assert (made.votes, made.likes, made.selections, made.scores) == ((), (), (), ())


def test_a_press_that_comes_too_fast_says_nothing() -> None:
    made = derive(press(Verb.UPSCALE, GRID, 1, at=1, seconds=0.39))
    assert made.votes == ()
    assert derive(press(Verb.UPSCALE, GRID, 1, at=1, seconds=0.4)).votes != ()
