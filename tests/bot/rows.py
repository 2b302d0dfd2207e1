"""Deliveries as rows, for tests that look behind the messages."""

from __future__ import annotations

import asyncio
from uuid import UUID

import sqlalchemy as sa

from bot.store.tables import DeliveryState, deliveries
from engine.store.database import Database


async def delivery_states(database: Database, job_id: UUID) -> list[DeliveryState]:
    """Return the state of each delivery of the job, oldest first."""
    query = sa.select(deliveries.c.state).where(deliveries.c.job_id == job_id).order_by(deliveries.c.id)
    async with database.begin() as connection:
        return [DeliveryState(state) for state in (await connection.execute(query)).scalars()]


async def until_closed(database: Database, job_id: UUID, count: int = 1) -> list[DeliveryState]:
    """Return the states of the job's `count` deliveries once none is open; TimeoutError after a minute."""
    async with asyncio.timeout(60):
        states = await delivery_states(database, job_id)
        while len(states) < count or DeliveryState.OPEN in states:
            await asyncio.sleep(0.05)
            states = await delivery_states(database, job_id)
    return states


async def until_true(database: Database, query: str) -> None:
    """Return once the query says true; TimeoutError after a minute."""
    async with asyncio.timeout(60):
        while True:
            async with database.begin() as connection:
                if (await connection.execute(sa.text(query))).scalar_one():
                    return
            await asyncio.sleep(0.05)


async def drop_tokens(database: Database) -> None:
    """Make every token look long past."""
    query = sa.update(deliveries).values(token_expires_at=sa.text("'2020-01-01'"))
    async with database.begin() as connection:
        await connection.execute(query.where(deliveries.c.token.is_not(None)))
