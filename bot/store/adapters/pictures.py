"""Pictures that were brought for a training that was not started: nobody needs them."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from bot.store.tables import members
from engine.store.database import Database
from engine.store.objects import Objects
from engine.store.own_adapters import forget_brought
from engine.store.unused_files import delete_unused


async def discard_pictures(database: Database, objects: Objects, discord_id: int, keys: Sequence[str]) -> None:
    """Forget that the member brought the pictures, but for those of their jobs, and delete the files that nobody has.

    Raises: StoreUnavailable.
    """
    async with database.begin() as connection:
        query = sa.select(members.c.id).where(members.c.discord_id == discord_id)
        member_id = (await connection.execute(query)).scalar_one()
        await forget_brought(connection, member_id, keys)
    await delete_unused(database, objects, keys)
