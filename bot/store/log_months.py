"""Making the feedback log's partitions ahead of time, so that hardly any press has to wait for one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from engine.error_boundary import logged_result_of
from engine.feedback.store.months import add_months_ahead
from engine.store.database import Database

_INTERVAL, _RETRY = timedelta(hours=6), timedelta(minutes=1)

_log = structlog.get_logger()


async def keep_months_ahead(database: Database) -> None:
    """Make the partitions of the next months, now and a few times a day; what fails is logged and tried again soon."""
    while True:
        result = await logged_result_of(_add(database))
        await asyncio.sleep((_RETRY if isinstance(result, Exception) else _INTERVAL).total_seconds())


async def _add(database: Database) -> None:
    async with database.background, database.begin() as connection:
        made = await add_months_ahead(connection, datetime.now(UTC))
    if made:
        _log.info("feedback_months_added", partitions=made)
