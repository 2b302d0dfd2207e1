"""How long recent jobs took, to estimate the wait of a new one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.jobs import MAX_COUNTED_AHEAD, JobStatus
from engine.store.queue_position import read_typical_duration
from engine.store.tables import jobs


@dataclass(frozen=True, kw_only=True)
class DurationStats:
    """How long a recent job took, None before any has finished, and how many run at once."""

    typical: timedelta | None = None
    num_running: int = 1

    def wait(self, num_ahead: int) -> timedelta | None:
        """Return the estimated time until a job with `num_ahead` before it is finished, or None if unknown."""
        if num_ahead >= MAX_COUNTED_AHEAD:
            return None
        return self.typical * (num_ahead // self.num_running + 1) if self.typical else None


async def read_duration_stats(connection: AsyncConnection) -> DurationStats:
    """Return the statistics of the last jobs."""
    running = sa.select(sa.func.count()).where(jobs.c.status == JobStatus.RUNNING.value)
    num_running = int((await connection.execute(running)).scalar_one())
    return DurationStats(typical=await read_typical_duration(connection), num_running=max(1, num_running))
