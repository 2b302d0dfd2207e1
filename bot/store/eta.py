"""How fast the queue moves, by the last finished jobs, to estimate the wait of a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.jobs import MAX_COUNTED_AHEAD
from engine.store.queue_position import Run, read_recent_runs, read_remaining_work


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
    """Return the pace of the last jobs."""
    return pace_of(await read_recent_runs(connection), await read_remaining_work(connection))


def pace_of(runs: Sequence[Run], remaining: float = 0.0) -> QueuePace:
    """Return the pace of the runs: idle time between them does not count, time that several share counts once."""
    if not runs:
        return QueuePace(remaining=remaining)
    busy, until = timedelta(), None
    for run in sorted(runs, key=lambda one: one.began):
        began = run.began if until is None else max(run.began, until)
        until = run.ended if until is None else max(run.ended, until)
        busy += max(timedelta(), run.ended - began)
    quickest = min(run.ended - run.began for run in runs)
    return QueuePace(per_job=busy / len(runs), quickest=quickest, remaining=remaining)
