"""Waits are estimated from what recent jobs took, however many were painted at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.store.eta import QueuePace, pace_of, steady_wait
from engine.contract.jobs import MAX_COUNTED_AHEAD
from engine.store.queue_position import Run

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def run(began: float, ended: float, share: float = 1.0) -> Run:
    """Return a run between two instants in seconds after noon."""
    return Run(began=NOON + timedelta(seconds=began), ended=NOON + timedelta(seconds=ended), share=share)


def test_jobs_taken_together_are_not_counted_one_by_one() -> None:
    """Four jobs that an engine took at once and finished every two seconds: two seconds for each."""
    pace = pace_of([run(0, 2), run(0, 4), run(0, 6), run(0, 8)])
    assert (pace.per_job, pace.quickest) == (timedelta(seconds=2), timedelta(seconds=2))


def test_idle_time_does_not_count() -> None:
    """An hour without work between two jobs changes nothing."""
    assert pace_of([run(0, 3), run(3600, 3603)]).per_job == timedelta(seconds=3)


def test_jobs_painted_together_take_at_least_as_long_as_the_quickest() -> None:
    """Eight at once in eight seconds: one a second, but none is there after one second."""
    pace = pace_of([run(0, 8)] * 8)
    assert pace.per_job == timedelta(seconds=1)
    assert pace.wait(0) == timedelta(seconds=8)
    assert pace.wait(19) == timedelta(seconds=20)


def test_waits_rise_with_the_position_and_shrink_with_the_progress() -> None:
    """Each job ahead adds one job's time, and each step that is painted takes its share off."""
    runs = [run(0, 2), run(0, 4), run(0, 6)]
    waits = [pace_of(runs, [run(6, 7, 0.5)]).wait(place) for place in range(40)]
    assert waits == [timedelta(seconds=2) * (place + 1.5) for place in range(40)]
    assert pace_of(runs, [run(6, 7.5, 0.75)]).wait(3) == timedelta(seconds=8.5)


def test_the_first_of_many_that_are_painted_together_does_not_stand_for_all() -> None:
    """Seven others are nearly done: a job a second, and no eight."""
    pace = pace_of([run(0, 8)], [run(0, 8, 0.875)] * 8)
    assert pace.per_job == timedelta(seconds=1)


def test_jobs_that_are_painted_together_now_tell_more_than_single_ones_before() -> None:
    """Once as much as three of them is painted; until then all count."""
    single = [run(60 * at, 60 * at + 4) for at in range(10)]
    assert pace_of(single, [run(1000, 1001, 0.25)] * 8).per_job == timedelta(seconds=41) / 12
    assert pace_of(single, [run(1000, 1002, 0.5)] * 8).per_job == timedelta(seconds=0.5)


def test_no_wait_is_told_that_nobody_knows() -> None:
    """Before anything has finished, and where jobs are no longer counted."""
    assert QueuePace().wait(0) is None
    assert pace_of([run(0, 2)]).wait(MAX_COUNTED_AHEAD) is None


def test_a_wait_that_wavers_is_not_told_anew() -> None:
    """It shrinks with the queue, and grows only where the queue has become slower by a quarter."""
    minute = timedelta(minutes=1)
    shown: timedelta | None = None
    told = []
    for wait in (2.6, 2.4, 2.6, 2.9, 2.3, 3.0):
        shown = steady_wait(shown, minute * wait)
        told.append(shown)
    assert told == [minute * wait for wait in (2.6, 2.4, 2.4, 2.4, 2.3, 3.0)]
    assert steady_wait(minute, None) is None
