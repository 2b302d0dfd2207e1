"""The shares of slots."""

from __future__ import annotations

from engine.feedback.stats.slots import slot_shares


def test_slot_shares_have_intervals_and_a_test() -> None:
    shown = slot_shares([160, 80, 80, 80])
    assert [share.share for share in shown.shares] == [0.4, 0.2, 0.2, 0.2]
    assert shown.shares[0].low > 0.25 > shown.shares[1].high
    assert shown.test.p_value < 1e-6
