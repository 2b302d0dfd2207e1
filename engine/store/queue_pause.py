"""The pause of the queue: while it lasts, engines finish what they hold and take nothing new."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.store.tables import queue_pause


async def pause_queue(connection: AsyncConnection) -> bool:
    """Pause the queue; return False if it was paused already."""
    query = pg.insert(queue_pause).on_conflict_do_nothing().returning(queue_pause.c.only_row)
    return (await connection.execute(query)).first() is not None


async def resume_queue(connection: AsyncConnection) -> bool:
    """End the pause; return False if there was none."""
    return bool((await connection.execute(sa.delete(queue_pause))).rowcount)


async def is_queue_paused(connection: AsyncConnection) -> bool:
    """Return whether the queue is paused."""
    return bool((await connection.execute(sa.select(sa.exists(queue_pause.select())))).scalar_one())
