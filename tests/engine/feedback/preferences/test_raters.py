"""Raters who guess, rush or always press the same slot count for less or for nothing; heavy ones are cut."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import groupby
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contract.feedback import Verb
from engine.feedback.preferences.community import RaterPass
from engine.feedback.preferences.derive import LeftOut, derive_preferences
from engine.feedback.preferences.pairs import pairs_from_votes
from engine.feedback.preferences.raters import (
    MIN_SKILL,
    NO_AGREEMENT,
    PRIOR_SKILL,
    Agreement,
    RaterRecord,
    community_skill,
    longest_chance_streak,
    record_from_presses,
    skill_from_record,
)
from engine.feedback.preferences.shares import MAX_SHARE, share_cap, share_factors
from engine.feedback.records import Choice, Press
from tests.engine.feedback.preferences.pressing import choose, community_of, derive, id_of, prefer, press

NEW = RaterRecord(presses=0, too_fast=0, in_streaks=0, repeats=0, consistent=0)


def skill(repeats: int = 0, consistent: float = 0, agreement: Agreement = NO_AGREEMENT) -> float:
    """Return the skill of a rater with these repeats, in a community of skill 0.7."""
    record = RaterRecord(presses=100, too_fast=0, in_streaks=0, repeats=repeats, consistent=consistent)
    return skill_from_record(record, agreement, 0.7)


def test_a_new_rater_has_the_skill_of_the_prior() -> None:
    assert skill_from_record(NEW, NO_AGREEMENT, 0.7) == pytest.approx(PRIOR_SKILL, abs=0.01)


def test_repeats_tell_a_guesser_from_a_careful_rater() -> None:
    assert skill(40, 20) < MIN_SKILL < 0.9 < skill(40, 40)
    assert [skill(n, n) for n in (0, 2, 8)] == sorted(skill(n, n) for n in (0, 2, 8))


def test_skill_approaches_the_one_that_makes_the_repeats_likely() -> None:
    """Of skill 0.6, (1 + 0.6^2) / 2 of the repeats are answered alike."""
    assert skill(10_000, 6_800) == pytest.approx(0.6, abs=0.02)


def test_agreement_tells_a_guesser_who_saw_no_repeats() -> None:
    assert skill(agreement=Agreement(compared=40, agreed=20)) < MIN_SKILL
    assert skill(agreement=Agreement(compared=40, agreed=36)) > PRIOR_SKILL


def test_a_rare_taste_is_no_error_once_repeats_show_that_it_is_one() -> None:
    against_all = Agreement(compared=500, agreed=150)
    assert skill(10, 10, against_all) == skill(10, 10)


def test_a_member_is_judged_by_all_of_their_presses() -> None:
    """Presses that are not sorted by member are refused, and not half of them forgotten."""
    first_pass = RaterPass()
    first_pass.add(id_of(1), grids([0]))
    with pytest.raises(ValueError, match="sort them by member"):
        first_pass.add(id_of(1), grids([1]))


def test_who_agrees_with_others_is_relied_on_more() -> None:
    """Two members agree on forty pairs, and a third on half of them."""
    presses = [
        prefer(*((2 * n, 2 * n + 1) if by < 3 or n % 2 else (2 * n + 1, 2 * n)), at=100 * n + n // 2 + by, by=by)
        for n in range(1, 41)
        for by in (1, 2, 3)
    ]
    skills = community_of(presses).skills
    assert skills[id_of(1)] == skills[id_of(2)] > PRIOR_SKILL > skills.get(id_of(3), 0.0)


def test_to_vary_different_pictures_is_no_disagreement() -> None:
    presses = [
        press(Verb.VARY, range(4 * n, 4 * n + 4), 4 * n + (n + by) % 4, at=10 * n + by, by=by)
        for n in range(1, 41)
        for by in (1, 2)
    ]
    assert set(community_of(presses).skills.values()) == {skill_from_record(NEW, NO_AGREEMENT, 0.0)}


def test_community_skill_is_what_makes_two_raters_agree() -> None:
    assert community_skill({id_of(1): Agreement(compared=200, agreed=149)}) == pytest.approx(0.7)
    assert community_skill({}) == 0.0


def test_swapped_sides_are_the_repeats() -> None:
    """A pair again with the same sides is none: who always presses left is not consistent."""
    same_sides = choose(7, 8, Choice.LEFT, at=9)
    presses = [
        choose(1, 2, Choice.LEFT, at=1),
        choose(2, 1, Choice.RIGHT, at=2),
        choose(3, 4, Choice.LEFT, at=3),
        choose(4, 3, Choice.LEFT, at=4),
        choose(5, 6, Choice.LEFT, at=5),
        choose(6, 5, Choice.TIE, at=6),
        choose(7, 8, Choice.LEFT, at=7),
        same_sides._replace(action=replace(same_sides.action, impression_id=id_of(7))),
        choose(9, 10, Choice.LEFT, at=10),
        choose(10, 9, Choice.SKIP, at=11),
    ]
    record = record_from_presses(presses)
    assert (record.repeats, record.consistent) == (3, 1.5)


def grids(slots: list[int], seconds: float = 5.0) -> list[Press]:
    """Return an upscale of each slot, each on a grid of its own."""
    return [
        press(Verb.UPSCALE, range(4 * n, 4 * n + 4), 4 * n + slot, at=n, seconds=seconds)
        for n, slot in enumerate(slots, 1)
    ]


def test_always_the_same_slot_is_no_choice() -> None:
    presses = grids([2] * 40)
    record = record_from_presses(presses)
    assert (record.in_streaks, record.presses) == (40, 40)
    assert derive_preferences(presses, community_of(presses)).votes == ()


def test_a_streak_is_over_when_another_slot_is_chosen() -> None:
    record = record_from_presses(grids([0, 1, 2, 3] * 10 + [1] * 20 + [0]))
    assert (record.in_streaks, record.presses) == (20, 61)


@pytest.mark.parametrize(("num_slots", "first_share"), [(2, 0.6), (4, 0.4)])
def test_honest_raters_are_not_taken_for_streaks(num_slots: int, first_share: float) -> None:
    """Of a thousand honest raters who choose the first slot more often than its share, two at most."""
    generator = Random(7)
    shares = [first_share, *[(1 - first_share) / (num_slots - 1)] * (num_slots - 1)]
    honest = (generator.choices(range(num_slots), shares, k=200) for _ in range(1000))
    longest = [max(sum(1 for _ in streak) for _, streak in groupby(slots)) for slots in honest]
    assert sum(streak > longest_chance_streak(200, num_slots) for streak in longest) <= 2


def test_a_rater_who_rushes_is_left_out() -> None:
    presses = [*grids([0, 1, 2, 3] * 5, seconds=0.1), press(Verb.UPSCALE, (901, 902, 903), 902, at=99)]
    made = derive_preferences(presses, community_of(presses))
    assert made.votes == ()
    assert made.left_out[LeftOut.UNRELIABLE] == 21


@given(st.dictionaries(st.integers(1, 500).map(id_of), st.floats(0.01, 1e6), max_size=120))
def test_nobody_has_more_than_their_share(totals: dict[UUID, float]) -> None:
    factors = share_factors(totals)
    weights = {rater: total * factors[rater] for rater, total in totals.items()}
    cap = share_cap(len(totals))
    assert all(weight <= cap * math.fsum(weights.values()) * (1 + 1e-9) for weight in weights.values())
    assert all(0 < factor <= 1 for factor in factors.values())


def test_of_a_large_community_one_has_two_percent_at_most() -> None:
    totals = {id_of(n): 1.0 for n in range(199)} | {id_of(999): 5000.0}
    factors = share_factors(totals)
    assert share_cap(len(totals)) == MAX_SHARE
    assert factors[id_of(999)] * 5000 == pytest.approx(0.02 * 199 / 0.98)
    assert factors[id_of(0)] == 1.0


def test_the_weights_of_the_votes_are_cut_to_the_share() -> None:
    """One member answers as much as all others together."""
    heavy = {n: 1000 for n in range(1, 2001) if n % 4 < 2}
    presses = [prefer(2 * n, 2 * n + 1, at=n, by=heavy.get(n, 1 + n % 50)) for n in range(1, 2001)]
    votes = derive_preferences(presses, community_of(presses)).votes
    of_heavy = math.fsum(vote.weight for vote in votes if vote.rater == id_of(1000))
    share = of_heavy / math.fsum(vote.weight for vote in votes)
    assert share == pytest.approx(share_cap(len({vote.rater for vote in votes})))


def repeated_pairs(by: int, same: int, different: int) -> list[Press]:
    """Return a member's answers to pairs shown twice, so many of which were the same both times."""
    presses = []
    for n in range(same + different):
        pair = (10_000 * by + 2 * n, 10_000 * by + 2 * n + 1)
        first, second = (Choice.LEFT, Choice.RIGHT) if n % 2 else (Choice.RIGHT, Choice.LEFT)
        presses.append(choose(*pair, first, at=10_000 * by + n, by=by))
        presses.append(choose(*pair[::-1], second if n < same else first, at=10_000 * by + 500 + n, by=by))
    return presses


def test_what_is_published_of_a_pair_of_few_raters_does_not_tell_their_skill() -> None:
    """A careful rater and a new one, each alone on a pair: same weight, same confidence."""
    presses = [prefer(1, 2, at=1, by=1), prefer(3, 4, at=3, by=2), *repeated_pairs(1, 20, 0)]
    community = community_of(presses)
    assert community.skills[id_of(1)] > community.skills[id_of(2)] + 0.2
    of_careful, of_new, *_ = derive_preferences(presses, community).pairs
    assert of_careful.confidence == of_new.confidence
    assert of_careful.first_weight / community.share_factors[id_of(1)] == pytest.approx(
        of_new.first_weight / community.share_factors[id_of(2)]
    )


def test_careful_raters_outvote_more_sloppy_ones() -> None:
    """Two who repeat all their answers against three who repeat two of three."""
    presses = [
        *(one for by in (1, 2) for one in [prefer(1, 2, at=by, by=by), *repeated_pairs(by, 30, 0)]),
        *(one for by in (3, 4, 5) for one in [prefer(2, 1, at=by, by=by), *repeated_pairs(by, 20, 10)]),
    ]
    first, *_ = derive_preferences(presses, community_of(presses)).pairs
    assert (first.first_votes, first.second_votes, first.winner) == (2, 3, id_of(1))
    assert 0.6 < first.confidence < 1


def test_confidence_is_that_of_bayes() -> None:
    """Three of skill 0.8, 0.8 and 0.5 for one side and one of 0.8 for the other: odds of 9 * 9 * 3 to 9."""
    votes = derive(*(prefer(*pair, at=by, by=by) for by, pair in enumerate([(1, 2), (1, 2), (1, 2), (2, 1)], 1))).votes
    votes = tuple(replace(vote, weight=1.0) for vote in votes)
    skills = {id_of(1): 0.8, id_of(2): 0.8, id_of(3): 0.5, id_of(4): 0.8}
    (pair,) = pairs_from_votes(votes, skills, 0.7)
    assert pair.confidence == round(27 / 28, 2)
    assert pair.first_weight == pytest.approx(2.1 / 0.7)
