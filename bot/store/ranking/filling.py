"""Entering the grids that are not there yet: from before they were entered, or delivered by the release before that."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import structlog

from bot.store.ranking.grids import enter_grids_after
from engine.error_boundary import logged_result_of
from engine.store.database import Database

_CHUNK = 2000
_PAUSE, _RETRY = timedelta(milliseconds=50), timedelta(minutes=1)

_log = structlog.get_logger()


async def fill_grids(database: Database) -> None:
    """Enter every delivered grid that is not there, once; what fails is logged and tried again soon."""
    while True:
        if not isinstance(await logged_result_of(_fill(database)), Exception):
            return
        await asyncio.sleep(_RETRY.total_seconds())


async def _fill(database: Database) -> None:
    after: UUID | None = None
    while True:
        async with database.background, database.begin() as connection:
            after = await enter_grids_after(connection, after, limit=_CHUNK)
        if after is None:
            return
        await asyncio.sleep(_PAUSE.total_seconds())
