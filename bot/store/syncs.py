"""Which commands were last registered with Discord, so that they are registered again only when they change."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import command_syncs


async def read_command_hash(connection: AsyncConnection, application_id: int) -> str | None:
    """Return the hash of the commands last registered, or None before the first time."""
    query = sa.select(command_syncs.c.hash).where(command_syncs.c.application_id == application_id)
    found: str | None = (await connection.execute(query)).scalar_one_or_none()
    return found


async def store_command_hash(connection: AsyncConnection, application_id: int, digest: str) -> None:
    """Store the hash of the commands just registered."""
    insert = pg.insert(command_syncs).values(application_id=application_id, hash=digest)
    changed = {"hash": insert.excluded.hash, "synced_at": sa.func.now()}
    await connection.execute(insert.on_conflict_do_update(index_elements=["application_id"], set_=changed))
