"""When messages of a channel are edited, with a clock that the test controls."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.edit_rate import MIN_INTERVAL, UNHURRIED_PER_WINDOW, WINDOW, EditPriority, EditRateLimiter
from engine.contract.ids import new_id

A, B = new_id(), new_id()


def at(seconds: float) -> timedelta:
    """Return the instant so many seconds after the start."""
    return timedelta(seconds=seconds)


def test_a_burst_of_changes_is_one_edit() -> None:
    """Requests for one message are merged."""
    limiter = EditRateLimiter()
    for tenth in range(10):
        limiter.request(A, EditPriority.PREVIEW, at(tenth / 10))
    assert limiter.take_next(at(1)) == A
    assert limiter.take_next(at(1)) is None
    assert limiter.time_until_next(at(1)) is None


def test_a_message_rests_between_edits() -> None:
    """A result waits for it too, and exactly so long."""
    limiter = EditRateLimiter()
    limiter.record_edit(A, at(0))
    limiter.request(A, EditPriority.RESULT, at(0.5))
    assert limiter.take_next(at(1.1)) is None
    assert limiter.time_until_next(at(0.5)) == MIN_INTERVAL - at(0.5)
    assert limiter.take_next(MIN_INTERVAL) == A


def test_previews_leave_room_for_a_result() -> None:
    """A channel takes five edits in five seconds; four previews go at once, the fifth waits, and a result does not."""
    limiter, keys = EditRateLimiter(), [new_id() for _ in range(5)]
    for key in keys:
        limiter.request(key, EditPriority.PREVIEW, at(0))
    for key in keys[:UNHURRIED_PER_WINDOW]:
        assert limiter.take_next(at(0)) == key
        limiter.record_edit(key, at(0))
    assert limiter.take_next(at(0)) is None
    assert limiter.time_until_next(at(1)) == WINDOW - at(1)
    limiter.request(A, EditPriority.RESULT, at(1))
    assert limiter.take_next(at(1)) == A
    assert limiter.take_next(WINDOW) == keys[-1]


def test_a_message_whose_content_has_not_changed_takes_no_room() -> None:
    """It rests as after an edit, but the channel's edits are not used up."""
    limiter = EditRateLimiter()
    for second in range(6):
        limiter.rest(A, at(second))
    limiter.request(B, EditPriority.PREVIEW, at(5))
    assert limiter.take_next(at(5)) == B
    limiter.request(A, EditPriority.PREVIEW, at(5))
    assert limiter.take_next(at(5)) is None


def test_a_request_during_an_edit_waits_too() -> None:
    """The interval starts when the edit is done, not when it was requested."""
    limiter = EditRateLimiter()
    limiter.request(A, EditPriority.PREVIEW, at(0))
    assert limiter.take_next(at(0)) == A
    limiter.request(A, EditPriority.PREVIEW, at(1))
    limiter.record_edit(A, at(3))
    assert limiter.take_next(at(4.1)) is None
    assert limiter.take_next(at(3) + MIN_INTERVAL) == A


def test_results_overtake_previews() -> None:
    """When the channel's budget comes back, the result goes although the preview has waited longer."""
    limiter = EditRateLimiter()
    limiter.request(A, EditPriority.PREVIEW, at(0))
    limiter.request(B, EditPriority.RESULT, at(5))
    assert [limiter.take_next(at(6)), limiter.take_next(at(6))] == [B, A]


def test_a_result_is_not_demoted() -> None:
    """A late preview does not push a finished grid back."""
    limiter = EditRateLimiter()
    limiter.request(A, EditPriority.RESULT, at(0))
    limiter.request(B, EditPriority.PREVIEW, at(0))
    limiter.request(A, EditPriority.PREVIEW, at(1))
    assert limiter.take_next(at(1)) == A


def test_a_retry_waits_as_long_as_it_was_told() -> None:
    """A new request in between does not shorten the delay."""
    limiter = EditRateLimiter()
    limiter.request(A, EditPriority.RESULT, at(0), after=at(8))
    limiter.request(A, EditPriority.RESULT, at(1))
    assert limiter.take_next(at(7.9)) is None
    assert limiter.take_next(at(8)) == A


def test_a_forgotten_message_leaves_nothing() -> None:
    """Memory does not grow with closed deliveries."""
    limiter = EditRateLimiter()
    limiter.request(A, EditPriority.PREVIEW, at(0))
    limiter.record_edit(A, at(0))
    limiter.forget(A)
    assert limiter.is_empty


@given(st.lists(st.tuples(st.sampled_from([A, B]), st.sampled_from(EditPriority), st.integers(0, 3000)), max_size=60))
def test_no_message_is_ever_edited_twice_within_the_interval(requests: list[tuple[UUID, EditPriority, int]]) -> None:
    """Whatever is requested and however often; every request is sent in the end."""
    limiter, now, edits = EditRateLimiter(), timedelta(), dict[UUID, timedelta]()
    for key, priority, wait_ms in requests:
        limiter.request(key, priority, now)
        now += timedelta(milliseconds=wait_ms)
        chosen = limiter.take_next(now)
        if chosen:
            assert chosen not in edits or now - edits[chosen] >= MIN_INTERVAL
            edits[chosen] = now
            limiter.record_edit(chosen, now)
    for _ in range(2):
        now += limiter.time_until_next(now) or timedelta()
        limiter.take_next(now)
    assert limiter.time_until_next(now) is None
