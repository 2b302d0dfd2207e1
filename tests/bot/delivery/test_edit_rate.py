"""When messages of a channel are edited, with a clock in the test's hand."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.edit_rate import MIN_INTERVAL, Pace, Urgency
from engine.contract.ids import new_id

A, B = new_id(), new_id()


def at(seconds: float) -> timedelta:
    """Return the instant so many seconds after the start."""
    return timedelta(seconds=seconds)


def test_a_burst_of_changes_is_one_edit() -> None:
    """Wishes for one message are merged."""
    pace = Pace()
    for tenth in range(10):
        pace.want(A, Urgency.PREVIEW, at(tenth / 10))
    assert pace.choose(at(1)) == A
    assert pace.choose(at(1)) is None
    assert pace.pause(at(1)) is None


def test_a_message_rests_two_seconds_between_edits() -> None:
    """A result waits for it too, and exactly so long."""
    pace = Pace()
    pace.record_shown(A, at(0))
    pace.want(A, Urgency.RESULT, at(0.5))
    assert pace.choose(at(1.9)) is None
    assert pace.pause(at(0.5)) == at(1.5)
    assert pace.choose(at(2)) == A


def test_a_wish_made_while_an_edit_was_under_way_waits_too() -> None:
    """The rest counts from when the edit was done, not from when it was wished for."""
    pace = Pace()
    pace.want(A, Urgency.PREVIEW, at(0))
    assert pace.choose(at(0)) == A
    pace.want(A, Urgency.PREVIEW, at(1))
    pace.record_shown(A, at(3))
    assert pace.choose(at(4.9)) is None
    assert pace.choose(at(5)) == A


def test_results_overtake_previews() -> None:
    """When the channel's budget comes back, the result goes although the preview has waited longer."""
    pace = Pace()
    pace.want(A, Urgency.PREVIEW, at(0))
    pace.want(B, Urgency.RESULT, at(5))
    assert [pace.choose(at(6)), pace.choose(at(6))] == [B, A]


def test_a_result_is_not_demoted() -> None:
    """A late preview does not push a finished grid back."""
    pace = Pace()
    pace.want(A, Urgency.RESULT, at(0))
    pace.want(B, Urgency.PREVIEW, at(0))
    pace.want(A, Urgency.PREVIEW, at(1))
    assert pace.choose(at(1)) == A


def test_a_retry_waits_as_long_as_it_was_told() -> None:
    """A new wish in between does not cut the wait short."""
    pace = Pace()
    pace.want(A, Urgency.RESULT, at(0), after=at(8))
    pace.want(A, Urgency.RESULT, at(1))
    assert pace.choose(at(7.9)) is None
    assert pace.choose(at(8)) == A


def test_a_forgotten_message_leaves_nothing() -> None:
    """Memory does not grow with closed deliveries."""
    pace = Pace()
    pace.want(A, Urgency.PREVIEW, at(0))
    pace.record_shown(A, at(0))
    pace.forget(A)
    assert pace.is_empty


@given(st.lists(st.tuples(st.sampled_from([A, B]), st.sampled_from(Urgency), st.integers(0, 3000)), max_size=60))
def test_no_message_is_ever_edited_twice_within_the_interval(wishes: list[tuple[UUID, Urgency, int]]) -> None:
    """Whatever is wished and however often, and nothing wished is left behind."""
    pace, now, edits = Pace(), timedelta(), dict[UUID, timedelta]()
    for key, urgency, wait_ms in wishes:
        pace.want(key, urgency, now)
        now += timedelta(milliseconds=wait_ms)
        chosen = pace.choose(now)
        if chosen:
            assert chosen not in edits or now - edits[chosen] >= MIN_INTERVAL
            edits[chosen] = now
            pace.record_shown(chosen, now)
    for _ in range(2):
        now += pace.pause(now) or timedelta()
        pace.choose(now)
    assert pace.pause(now) is None
