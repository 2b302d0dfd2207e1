"""How long jobs have been taking, from which the wait of a new one is guessed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.jobs import JobStatus
from engine.store.queue_position import read_typical_duration
from engine.store.tables import jobs


@dataclass(frozen=True, kw_only=True)
class Experience:
    """What recent jobs teach: how long one is painted, None before any has finished, and how many are at once."""

    typical: timedelta | None = None
    at_once: int = 1

    def wait(self, num_ahead: int) -> timedelta | None:
        """Return the time until a job with so many ahead is finished, or None where nothing is known."""
        return self.typical * (num_ahead // self.at_once + 1) if self.typical else None


async def read_experience(connection: AsyncConnection) -> Experience:
    """Return what the last jobs teach."""
    running = sa.select(sa.func.count()).where(jobs.c.status == JobStatus.RUNNING.value)
    at_once = int((await connection.execute(running)).scalar_one())
    return Experience(typical=await read_typical_duration(connection), at_once=max(1, at_once))
