"""What holds for every log: random presses by several members, in any order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract.feedback import Verb
from engine.feedback.preferences.answers import presses_by_rater
from engine.feedback.preferences.community import measure_community
from engine.feedback.preferences.conflicts import resolve
from engine.feedback.preferences.derive import LeftOut, Preferences, derive_preferences
from engine.feedback.preferences.shares import share_cap
from engine.feedback.preferences.sources import RANKS, Source
from engine.feedback.preferences.votes import Vote
from engine.feedback.records import Choice, Press
from tests.engine.feedback.preferences.pressing import START, community_of, derive, id_of, press

GRIDS = ((1, 2, 3, 4), (5, 6, 7, 8), (9, 10, 11, 12))
VALUES: dict[Verb, tuple[int, ...]] = {Verb.RATE: (0, 1, 2, 3, 4), Verb.FAVOURITE: (0, 1), Verb.BEST: (0, 1)}
# Presses that are about a picture, never about the whole grid.
NAME_A_PICTURE = {Verb.UPSCALE, Verb.VARY, Verb.FAVOURITE, Verb.BEST, Verb.SAVE}


def random_press(random: Random, at: int, verbs: Sequence[Verb]) -> Press:
    """Return a press that the log could have: on a grid, or the answer to a pair."""
    verb, by, seconds = random.choice(verbs), random.randint(1, 5), random.choice([None, 0.1, 1, 9])
    replaces = random.choice([None, None, random.randint(0, 40)])
    if verb is Verb.CHOOSE:
        pair = random.sample([picture for grid in GRIDS for picture in grid], 2)
        choice = random.choice(list(Choice))
        return press(verb, pair, at=at, by=by, choice=choice, seconds=seconds, replaces=replaces)
    grid = random.choice(GRIDS)
    picture = random.choice(grid if verb in NAME_A_PICTURE else (None, *grid))
    value = random.choice(VALUES[verb]) if verb in VALUES else None
    return press(verb, grid, picture, at=at, by=by, value=value, seconds=seconds, replaces=replaces)


def random_log(seed: int, size: int) -> list[Press]:
    """Return a log of so many presses; now and then the last of them leaves pictures out."""
    verbs = [verb for verb in Verb if verb not in (Verb.REPORT, Verb.DELETE)]
    return [random_press(Random(f"{seed} {at}"), at, verbs if at < 30 else list(Verb)) for at in range(1, size + 1)]


logs = st.builds(random_log, seed=st.integers(0, 10**6), size=st.integers(0, 40))

few = settings(max_examples=40)


def labelled(preferences: Preferences) -> set[int]:
    """Return the pictures that have any label but that of safety."""
    pictures = {picture for vote in preferences.votes for picture in (vote.winner, vote.loser)}
    pictures |= {picture for ranking in preferences.rankings for picture in ranking.pictures}
    pictures |= {picture for selection in preferences.selections for picture in selection.shown}
    pictures |= {like.picture_id for like in preferences.likes} | {score.picture_id for score in preferences.scores}
    return {picture.int for picture in pictures}


@given(logs, st.randoms(use_true_random=False))
@few
def test_the_same_log_in_any_order_gives_the_same_preferences(presses: list[Press], random: Random) -> None:
    shuffled = list(presses)
    random.shuffle(shuffled)
    assert community_of(shuffled) == community_of(presses)
    assert derive(*shuffled) == derive(*presses)


@given(logs, st.randoms(use_true_random=False))
@few
def test_the_order_of_members_and_clusters_does_not_matter(presses: list[Press], random: Random) -> None:
    """Each grid a cluster; pairs across grids left out, which the log has of one cluster only."""
    presses = [one for one in presses if one.action.verb is not Verb.CHOOSE]
    by_rater = list(presses_by_rater(presses).items())
    clusters = [[one for one in presses if one.action.shown[0].picture_id == id_of(grid[0])] for grid in GRIDS]
    measured = measure_community(by_rater, clusters)
    random.shuffle(by_rater)
    random.shuffle(clusters)
    assert measure_community(by_rater, clusters) == measured


@given(logs)
@few
def test_one_vote_of_each_member_on_each_pair_of_two_pictures(presses: list[Press]) -> None:
    votes = derive(*presses).votes
    assert all(vote.winner != vote.loser for vote in votes)
    assert len({(vote.rater, vote.pair) for vote in votes}) == len(votes)


@given(logs)
@few
def test_a_label_has_a_winner_exactly_when_it_has_weight(presses: list[Press]) -> None:
    """A tie is a label without one; a pair of ties only never has one."""
    for pair in derive(*presses).pairs:
        assert (pair.winner is None) == (pair.weight == 0)
        assert pair.first_votes + pair.second_votes or pair.winner is None
        assert pair.first < pair.second
        assert 0 <= pair.confidence <= 1


@given(logs)
@few
def test_no_vote_comes_from_a_press_that_was_replaced(presses: list[Press]) -> None:
    """By whom it was replaced does not matter as long as it was the same member."""
    replaced = {(one.action.member_id, one.action.replaces) for one in presses}
    made = derive(*presses)
    assert not [vote for vote in made.votes if (vote.rater, vote.press_id) in replaced]


@given(logs, st.integers(1, 12), st.integers(1, 9))
@few
def test_a_report_takes_a_picture_out_of_every_label(presses: list[Press], picture: int, by: int) -> None:
    grid = GRIDS[(picture - 1) // 4]
    made = derive(*presses, press(Verb.REPORT, grid, picture, at=99, by=by))
    assert picture not in labelled(made)
    assert made.reports[id_of(picture)] >= 1


@given(logs)
@few
def test_no_rater_has_more_than_their_share_of_the_votes(presses: list[Press]) -> None:
    votes = derive(*presses).votes
    by_rater = [math.fsum(vote.weight for vote in votes if vote.rater == rater) for rater in {v.rater for v in votes}]
    cap = share_cap(len(by_rater)) * math.fsum(by_rater)
    assert all(weight <= cap * (1 + 1e-6) for weight in by_rater)


@given(logs)
@few
def test_presses_of_unreliable_raters_are_counted_and_have_no_label(presses: list[Press]) -> None:
    community = community_of(presses)
    made = derive_preferences(presses, community)
    unreliable = [
        one
        for one in presses
        if one.action.member_id not in community.skills and one.action.verb not in (Verb.REPORT, Verb.DELETE)
    ]
    assert made.left_out[LeftOut.UNRELIABLE] == len(unreliable)
    raters = {label.rater for labels in (made.votes, made.rankings, made.selections) for label in labels}
    assert raters.isdisjoint(one.action.member_id for one in unreliable)


_edges = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6), st.sampled_from(Source)), max_size=20)


def vote(winner: int, loser: int, source: Source, at: int) -> Vote:
    """Return a vote of one member."""
    return Vote(
        rater=id_of(1),
        winner=id_of(winner),
        loser=id_of(loser),
        is_tie=False,
        source=source,
        weight=1.0,
        is_owner=True,
        press_id=at,
        impression_id=None,
        at=START,
    )


@given(_edges)
def test_resolved_votes_have_no_cycle(edges: list[tuple[int, int, Source]]) -> None:
    """Pictures can be taken away one after the other, each one that wins against none that is left."""
    votes = [vote(winner, loser, source, at) for at, (winner, loser, source) in enumerate(edges) if winner != loser]
    resolved = resolve(votes)
    left = list(resolved.votes)
    while left:
        remaining = [one for one in left if one.loser in {other.winner for other in left}]
        assert len(remaining) < len(left)
        left = remaining
    assert len(votes) >= len(resolved.votes) + resolved.contradictory + resolved.in_cycles + resolved.outranked


@given(st.sampled_from([source for source in Source if RANKS[source]]))
def test_who_says_both_without_having_been_asked_says_nothing(source: Source) -> None:
    resolved = resolve([vote(1, 2, source, 1), vote(2, 1, source, 2)])
    assert (resolved.votes, resolved.contradictory) == ((), 1)


@given(st.integers(3, 40), st.integers(0, 40), st.sampled_from(Source))
def test_a_circle_of_any_length_is_no_preference(length: int, start: int, source: Source) -> None:
    circle = [(start + step) % length for step in range(length)]
    votes = [vote(one, (one + 1) % length, source, at) for at, one in enumerate(circle, 1)]
    assert resolve(votes).votes == ()
