"""How long `easel imagine` waits for an engine: it says so after a while, and gives up where there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from rich.progress import Progress

from engine.contract.errors import StoreUnavailable
from engine.contract.jobs import JobStatus
from engine.store.database import Database
from engine.store.engines import is_any_engine_there

HINT_AFTER = timedelta(seconds=5)
LOOKS_EVERY = timedelta(seconds=0.5)


@dataclass(kw_only=True)
class Wait:
    """Since when no engine has had a job in hand, in seconds of a clock, and whether that was told."""

    since: float
    is_told: bool = False

    def is_hint_due(self, now: float, *, is_held: bool) -> bool:
        """Return whether to tell now, once for each wait that is long; `is_held`: whether an engine has a job."""
        if is_held:
            self.since, self.is_told = now, False
        is_due = not self.is_told and now - self.since >= HINT_AFTER.total_seconds()
        self.is_told |= is_due
        return is_due

    def has_lasted(self, now: float, patience: timedelta | None) -> bool:
        """Return whether that is as long as it may be; None is for ever."""
        return patience is not None and now - self.since >= patience.total_seconds()


async def wait_for_engines(
    database: Database, states: Mapping[UUID, JobStatus], progress: Progress, patience: timedelta | None
) -> None:
    """Print a hint whenever no engine has had a job in hand for a while; return when there is none to wait for.

    patience: how long to wait where no engine is; None waits for ever. Where one is, the jobs wait for their turn.
    """
    clock = asyncio.get_running_loop().time
    wait = Wait(since=clock())
    while True:
        await asyncio.sleep(LOOKS_EVERY.total_seconds())
        if wait.is_hint_due(clock(), is_held=JobStatus.RUNNING in states.values()):
            progress.console.print("Still waiting for an engine. If none is running, start one with `easel engine`.")
        if wait.has_lasted(clock(), patience) and not await _is_engine_there(database):
            return


async def _is_engine_there(database: Database) -> bool:
    """Return whether there is one, as far as the database can be asked."""
    try:
        async with database.begin() as connection:
            return await is_any_engine_there(connection)
    except StoreUnavailable:
        return True
