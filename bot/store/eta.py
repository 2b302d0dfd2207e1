"""How fast the queue moves, by the last finished jobs, to estimate the wait of a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.jobs import MAX_COUNTED_AHEAD
from engine.store.queue_position import Run, read_present_runs, read_recent_runs

_ENOUGH = 3
"""From so many jobs on, what was painted since engines were idle tells by itself how fast the queue moves."""

_IDLE = timedelta(seconds=3)
"""Between two jobs of a busy engine there may be this much; longer is idle."""


@dataclass(frozen=True, kw_only=True)
class QueuePace:
    """How fast the queue moves.

    per_job: time from one finished job to the next while there is work, however many are painted at once; None before
        any has finished.
    quickest: the shortest time that a recent job took.
    remaining: what is still to be done of the jobs that are being painted, in jobs.
    """

    per_job: timedelta | None = None
    quickest: timedelta = timedelta()
    remaining: float = 0.0

    def wait(self, num_ahead: int) -> timedelta | None:
        """Return the estimated time until a job with `num_ahead` before it is finished, or None if unknown."""
        if self.per_job is None or num_ahead >= MAX_COUNTED_AHEAD:
            return None
        return max(self.quickest, self.per_job * (self.remaining + num_ahead + 1))


def steady_wait(shown: timedelta | None, wait: timedelta | None) -> timedelta | None:
    """Return the wait to show after `shown`: estimates waver, so growth by less than a quarter is none."""
    if shown is None or wait is None:
        return wait
    return shown if shown < wait < 1.25 * shown else wait


async def read_queue_pace(connection: AsyncConnection) -> QueuePace:
    """Return the pace of the last jobs and of those that are being painted."""
    return pace_of(await read_recent_runs(connection), await read_present_runs(connection))


def pace_of(finished: Sequence[Run], present: Sequence[Run] = ()) -> QueuePace:
    """Return the pace of the runs: idle time between them does not count, time that several share counts once.

    Since engines last were idle is enough, once as much as a few jobs was painted: before, there may have been fewer at
    once. The present runs count with what is painted of them; without them the first of many that are painted together
    would stand for all the time until it was finished.
    """
    remaining = sum(1 - run.share for run in present)
    if not finished:
        return QueuePace(remaining=remaining)
    periods = _busy_periods([*finished, *present])
    if periods[-1].painted < _ENOUGH:
        periods = [_add(periods)]
    quickest = min(run.ended - run.began for run in finished)
    return QueuePace(per_job=periods[-1].time / periods[-1].painted, quickest=quickest, remaining=remaining)


@dataclass(kw_only=True)
class _Period:
    """A time in which engines were never idle, and how much they painted in it, in jobs."""

    time: timedelta
    painted: float
    until: datetime


def _busy_periods(runs: Sequence[Run]) -> list[_Period]:
    periods: list[_Period] = []
    for run in sorted(runs, key=lambda one: one.began):
        if not periods or run.began > periods[-1].until + _IDLE:
            periods.append(_Period(time=timedelta(), painted=0.0, until=run.began))
        last = periods[-1]
        last.time += max(timedelta(), run.ended - max(run.began, last.until))
        last.until = max(run.ended, last.until)
        last.painted += run.share
    return periods


def _add(periods: Sequence[_Period]) -> _Period:
    time = sum((one.time for one in periods), timedelta())
    return _Period(time=time, painted=sum(one.painted for one in periods), until=periods[-1].until)
