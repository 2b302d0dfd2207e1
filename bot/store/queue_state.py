"""Reads regularly what is in the queue of all engines, for the metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot.store.guild_queue import hold_late_jobs
from engine.contract.errors import StoreUnavailable
from engine.contract.queue_state import QueueState
from engine.store.database import Database
from engine.store.queue_position import read_queue_state

_INTERVAL = timedelta(seconds=5)

_log = structlog.get_logger()


@dataclass(kw_only=True)
class QueueView:
    """What this process knows of the queue, as last read: whether it is paused, and the guilds that are."""

    is_paused: bool = False
    paused_guilds: frozenset[int] = frozenset()

    def is_paused_in(self, guild_id: int | None) -> bool:
        """Return whether jobs of the guild wait for the end of a pause; None stands for outside guilds."""
        return self.is_paused or guild_id in self.paused_guilds


async def keep_reading_queue(database: Database, view: QueueView, show: Callable[[QueueState], None]) -> None:
    """Update the view and call `show` every few seconds, until cancelled; not while Postgres is away.

    Jobs that paused guilds have in the queue all the same are held.
    """
    while True:
        try:
            async with database.begin() as connection:
                state = await read_queue_state(connection)
                paused_guilds = await hold_late_jobs(connection)
            view.is_paused, view.paused_guilds = state.is_paused, paused_guilds
            show(state)
        except StoreUnavailable as error:
            _log.warning("queue_not_read", cause=str(error))
        await asyncio.sleep(_INTERVAL.total_seconds())
