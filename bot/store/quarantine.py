"""Letting jobs in quarantine run again, with the messages that told their members of the failure."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import DeliveryKind, DeliveryState, deliveries
from engine.store.quarantine import retry_jobs

_CLOSED = (DeliveryState.DELIVERED.value, DeliveryState.GONE.value)


async def retry_quarantined(connection: AsyncConnection, job_ids: Collection[UUID] | None) -> frozenset[UUID]:
    """Put jobs in quarantine, None for all, back into the queue, and return those that were there.

    Their messages follow them again: a bot takes them over.
    """
    retried = await retry_jobs(connection, job_ids)
    of_retried = deliveries.c.job_id == sa.any_(sa.literal(list(retried), pg.ARRAY(pg.UUID)))
    told = sa.and_(deliveries.c.kind == DeliveryKind.GRID.value, deliveries.c.state.in_(_CLOSED))
    reopened = {"state": DeliveryState.OPEN.value, "closed_at": None, "cause": None}
    await connection.execute(sa.update(deliveries).where(of_retried, told).values(reopened))
    return retried
