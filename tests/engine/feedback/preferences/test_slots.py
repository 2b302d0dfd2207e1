"""Slot bias is measured and evened out."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contract.feedback import Verb
from engine.feedback.preferences.slots import (
    MAX_SLOT_WEIGHT,
    inverse_propensity_weights,
    sentence_from_bias,
    slot_choices,
    slot_group,
)
from engine.feedback.records import Choice, Press
from tests.engine.feedback.preferences.pressing import choose, community_of, derive, press, rate, with_slot_shown_as


@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=9))
def test_the_mean_weight_of_the_choices_is_one(counts: list[int]) -> None:
    weights = inverse_propensity_weights(counts)
    if sum(counts):
        assert math.fsum(map(math.prod, zip(counts, weights, strict=True))) / sum(counts) == pytest.approx(1.0)
    for count, weight in zip(counts, weights, strict=True):
        assert all(weight >= other for more, other in zip(counts, weights, strict=True) if more > count)


def test_weights_are_those_of_the_propensities_when_there_are_many_choices() -> None:
    """0.25 / 0.4 and 0.25 / 0.2: their mean over the choices is 1 already."""
    weights = inverse_propensity_weights([400_000, 200_000, 200_000, 200_000])
    assert weights == pytest.approx((0.625, 1.25, 1.25, 1.25), rel=1e-3)


def test_few_choices_make_no_large_weights() -> None:
    assert max(inverse_propensity_weights([3, 0, 1, 0])) < 1.15
    assert max(inverse_propensity_weights([10**6, 10, 10, 10])) < MAX_SLOT_WEIGHT * 4


def test_a_biased_slot_is_found_and_weighs_less() -> None:
    """Of 400 upscales by forty members, slot 0 gets forty percent."""
    slots = [0, 0, 1, 2, 3, 0, 1, 2, 3, 0]
    presses = [
        press(Verb.UPSCALE, range(1 + 4 * n, 5 + 4 * n), 1 + 4 * n + slots[n % 10], at=n, by=1 + n % 40)
        for n in range(400)
    ]
    (bias,) = community_of(presses).biases.values()
    assert bias.counts == (160, 80, 80, 80)
    assert bias.test.p_value < 1e-6
    assert bias.weights[0] < 0.75 < 1.1 < bias.weights[1]
    assert sentence_from_bias(bias).startswith("upscale of 4, guild, layout 1: 40.0% (x0.68), 20.0% (x1.22)")
    assert sentence_from_bias(bias).endswith("; 400 choices, chi-squared 48.0, p = 2.1e-10")
    made = derive(*presses)
    assert made.selections[0].weight == pytest.approx(0.6 * bias.weights[0])
    assert made.likes[0].like_weight == pytest.approx(0.6 * bias.weights[0])


def test_who_always_presses_the_same_slot_tells_nothing_of_slots() -> None:
    spam = [press(Verb.UPSCALE, range(5000 + 4 * n, 5004 + 4 * n), 5000 + 4 * n, at=5000 + n, by=9) for n in range(99)]
    honest = [press(Verb.UPSCALE, (1 + 4 * n, 2 + 4 * n), 1 + 4 * n + n % 2, at=n, by=1 + n % 5) for n in range(10)]
    (bias,) = community_of([*spam, *honest]).biases.values()
    assert bias.counts == (5, 5)


def test_unbiased_slots_are_not_told_biased() -> None:
    presses = [
        press(Verb.UPSCALE, range(1 + 4 * n, 5 + 4 * n), 1 + 4 * n + n % 4, at=n, by=1 + n % 50) for n in range(400)
    ]
    (bias,) = community_of(presses).biases.values()
    assert bias.test.p_value == 1.0
    assert bias.weights == (1.0, 1.0, 1.0, 1.0)


def test_sides_of_a_pair_are_slots() -> None:
    assert list(slot_choices([choose(1, 2, Choice.RIGHT, at=1)])) == [(slot_group(choose(1, 2, Choice.TIE, at=2)), 1)]


@pytest.mark.parametrize(
    "uncounted",
    [
        rate((1, 2, 3, 4), 2, 4, at=1),
        choose(1, 2, Choice.BOTH_BAD, at=1),
        press(Verb.UPSCALE, (1,), 1, at=1),
        press(Verb.REROLL, (1, 2, 3, 4), at=1),
        press(Verb.UPSCALE, (1, 2, 3, 4), 2, at=1, models=("one", "other")),
    ],
)
def test_what_chooses_no_slot_or_mixes_models_tells_nothing_of_slots(uncounted: Press) -> None:
    assert list(slot_choices([uncounted])) == []


def test_slots_count_as_places_in_their_order() -> None:
    """A grid whose first picture was removed shows its slots 1 to 3 as the first three."""
    given_slots = with_slot_shown_as(press(Verb.UPSCALE, (2, 3, 4), 3, at=1), (1, 2, 3))
    assert [slot for _, slot in slot_choices([given_slots])] == [1]
