"""Sums over actions: verbs by day, presses by member, ratings by model; and the shares of slots."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from engine.contract.feedback import Verb
from engine.feedback.records import Action
from engine.feedback.stats.activity import summarize_activity
from engine.feedback.stats.slots import slot_shares
from tests.engine.feedback.preferences.pressing import id_of, press, rate

GRID = (1, 2, 3, 4)


def at(action: Action, when: datetime) -> Action:
    """Return the action at another time."""
    return replace(action, at=when)


def test_verbs_are_counted_by_day_in_utc() -> None:
    upscale, rating = press(Verb.UPSCALE, GRID, 1, at=1).action, rate(GRID, 1, 4, at=2).action
    evening_in_new_york = datetime(2026, 11, 1, 22, tzinfo=timezone(timedelta(hours=-5)))
    activity = summarize_activity(
        [
            at(upscale, evening_in_new_york),
            at(rating, datetime(2026, 11, 2, 1, tzinfo=UTC)),
            at(upscale, datetime(2026, 11, 1, 23, tzinfo=UTC)),
            at(upscale, datetime(2026, 11, 2, 0, tzinfo=UTC)),
        ]
    )
    assert list(activity.verbs_by_day.items()) == [
        (date(2026, 11, 1), {Verb.UPSCALE: 1}),
        (date(2026, 11, 2), {Verb.UPSCALE: 2, Verb.RATE: 1}),
    ]


def test_ratings_are_counted_by_model_and_take_backs_are_not() -> None:
    values = [4, 4, 1, 0]
    actions = [rate(GRID, 1, value, at=number).action for number, value in enumerate(values)]
    activity = summarize_activity([*actions, replace(actions[0], model=None, member_id=id_of(2))])
    assert activity.ratings_by_model["tiny"].counts == (1, 0, 0, 2)
    assert activity.ratings_by_model["tiny"].mean == pytest.approx(3.0)
    assert activity.ratings_by_model[None].counts == (0, 0, 0, 1)
    assert activity.presses_by_member == {id_of(1): 4, id_of(2): 1}


def test_no_actions() -> None:
    activity = summarize_activity([])
    assert (activity.verbs_by_day, activity.presses_by_member, activity.ratings_by_model) == ({}, {}, {})


def test_slot_shares_have_intervals_and_a_test() -> None:
    shown = slot_shares([160, 80, 80, 80])
    assert [share.share for share in shown.shares] == [0.4, 0.2, 0.2, 0.2]
    assert shown.shares[0].low > 0.25 > shown.shares[1].high
    assert shown.test.p_value < 1e-6
