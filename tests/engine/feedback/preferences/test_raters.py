"""Raters who guess, rush or always press the same slot count for less or for nothing; heavy ones are cut."""

from __future__ import annotations

import math
import random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contract.feedback import Verb
from engine.feedback.preferences.derive import LeftOut, derive_preferences
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
from engine.feedback.preferences.standing import Press
from engine.feedback.records import Choice
from tests.engine.feedback.preferences.pressing import choose, community_of, id_of, prefer, press

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


def test_community_skill_is_what_makes_two_raters_agree() -> None:
    assert community_skill({id_of(1): Agreement(compared=200, agreed=149)}) == pytest.approx(0.7)
    assert community_skill({}) == 0.0


def test_swapped_sides_are_the_repeats() -> None:
    """A pair again with the same sides is none: who always presses left is not consistent."""
    presses = [
        choose(1, 2, Choice.LEFT, at=1),
        choose(2, 1, Choice.RIGHT, at=2),
        choose(3, 4, Choice.LEFT, at=3),
        choose(4, 3, Choice.LEFT, at=4),
        choose(5, 6, Choice.LEFT, at=5),
        choose(6, 5, Choice.TIE, at=6),
        choose(7, 8, Choice.LEFT, at=7),
        choose(7, 8, Choice.LEFT, at=9),
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


@pytest.mark.parametrize("num_slots", [2, 4])
def test_honest_raters_are_not_taken_for_streaks(num_slots: int) -> None:
    """Of a thousand honest raters with a slot bias of a half more than its share, at most one is."""
    generator = random.Random(7)
    shares = [1.5] + [(num_slots - 1.5) / (num_slots - 1)] * (num_slots - 1)
    flagged = 0
    for _ in range(1000):
        slots = generator.choices(range(num_slots), shares, k=200)
        longest = current = 0
        for slot, before in zip(slots, [-1, *slots], strict=False):
            current = current + 1 if slot == before else 1
            longest = max(longest, current)
        flagged += longest > longest_chance_streak(200, num_slots)
    assert flagged <= (1 if num_slots == 4 else 100)


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
    """One of a hundred members answers as much as all others."""
    presses = [prefer(2 * n, 2 * n + 1, at=n, by=1 + n % 99 if n % 2 else 1000) for n in range(1, 2001)]
    votes = derive_preferences(presses, community_of(presses)).votes
    heavy = math.fsum(vote.weight for vote in votes if vote.rater == id_of(1000))
    assert heavy / math.fsum(vote.weight for vote in votes) <= share_cap(51) + 1e-9


def test_what_is_published_of_a_pair_of_one_rater_does_not_tell_their_skill() -> None:
    """A guesser and a careful rater, each alone on a pair: same weight, same confidence."""
    careful = [prefer(1, 2, at=1, by=1), prefer(3, 4, at=2, by=2)]
    repeats = [
        choose(*((100 + n, 200 + n) if n % 2 else (200 + n, 100 + n)), Choice.LEFT, at=10 + n, by=1) for n in range(20)
    ]
    again = [
        choose(*((200 + n, 100 + n) if n % 2 else (100 + n, 200 + n)), Choice.RIGHT, at=50 + n, by=1) for n in range(20)
    ]
    presses = [*careful, *repeats, *again]
    community = community_of(presses)
    assert community.skills[id_of(1)] > community.skills[id_of(2)]
    of_careful, of_new, *_ = derive_preferences(presses, community).pairs
    assert of_careful.confidence == pytest.approx(of_new.confidence)
    assert of_careful.first_weight / community.share_factors[id_of(1)] == pytest.approx(
        of_new.first_weight / community.share_factors[id_of(2)]
    )


def test_where_several_raters_answer_the_better_ones_weigh_more() -> None:
    """A careful rater and a new one disagree: the careful one decides."""
    repeats = [
        choose(*((100 + n, 200 + n) if swapped else (200 + n, 100 + n)), answer, at=10 + 2 * n + swapped, by=1)
        for n in range(30)
        for swapped, answer in ((False, Choice.LEFT), (True, Choice.RIGHT))
    ]
    against = [prefer(1, 2, at=1, by=1), prefer(2, 1, at=2, by=2)]
    presses = [*repeats, *against, *(prefer(500 + 2 * n, 501 + 2 * n, at=1000 + n, by=2) for n in range(60))]
    first, *_ = derive_preferences(presses, community_of(presses)).pairs
    assert first.winner == id_of(1)
    assert 0.5 < first.confidence < 1
