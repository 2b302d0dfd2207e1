"""Entering the grids that are not there yet: from before they were entered, or delivered by the release before that.

How far that is done outlasts the process, but for the last day, in which that release may still have run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.ranking.grids import enter_grids_after
from bot.store.ranking.tables import rank_filled
from engine.error_boundary import logged_result_of
from engine.store.database import Database

_CHUNK = 2000
_OPEN = timedelta(days=1)
_PAUSE, _RETRY = timedelta(milliseconds=50), timedelta(minutes=1)

_log = structlog.get_logger()


async def _at_once() -> None:
    """Give way to nothing."""


async def fill_grids(database: Database, give_way: Callable[[], Awaitable[None]] = _at_once) -> None:
    """Enter every delivered grid that is not there, once; what fails is logged and tried again soon.

    give_way: awaited before each step.
    """
    while True:
        if not isinstance(await logged_result_of(_fill(database, give_way)), Exception):
            return
        await asyncio.sleep(_RETRY.total_seconds())


async def _fill(database: Database, give_way: Callable[[], Awaitable[None]]) -> None:
    async with database.background, database.begin() as connection:
        after = (await connection.execute(sa.select(rank_filled.c.up_to))).scalar_one_or_none()
    while True:
        await give_way()
        async with database.background, database.begin() as connection:
            after = await enter_grids_after(connection, after, limit=_CHUNK)
            if after is None:
                return
            await _note(connection, after)
        await asyncio.sleep(_PAUSE.total_seconds())


async def _note(connection: AsyncConnection, after: UUID) -> None:
    """Record that the grids up to that delivery are there, but for those that may still be missing."""
    # A UUIDv7 begins with its milliseconds.
    settled = UUID(int=int((datetime.now(UTC) - _OPEN).timestamp() * 1000) << 80)
    insert = pg.insert(rank_filled).values(up_to=min(after, settled))
    further = sa.func.greatest(rank_filled.c.up_to, insert.excluded.up_to)
    await connection.execute(insert.on_conflict_do_update(index_elements=["is_only"], set_={"up_to": further}))
