"""Reads regularly what is in the queue of all engines, for the metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from engine.contract.errors import StoreUnavailable
from engine.contract.jobs import QueueState
from engine.store.database import Database
from engine.store.queue_position import read_queue_state

_INTERVAL = timedelta(seconds=5)

_log = structlog.get_logger()


@dataclass(kw_only=True)
class QueueView:
    """What this process knows of the queue: whether it is paused, as last read."""

    is_paused: bool = False


async def keep_reading_queue(database: Database, view: QueueView, show: Callable[[QueueState], None]) -> None:
    """Update the view and call `show` every few seconds, until cancelled; not while Postgres is away."""
    while True:
        try:
            async with database.begin() as connection:
                state = await read_queue_state(connection)
            view.is_paused = state.is_paused
            show(state)
        except StoreUnavailable as error:
            _log.warning("queue_not_read", cause=str(error))
        await asyncio.sleep(_INTERVAL.total_seconds())
