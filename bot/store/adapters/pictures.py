"""Pictures that were brought for a training that was not started: nobody needs them."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from bot.store.tables import members
from engine.contract.ids import new_id
from engine.store.database import Database
from engine.store.objects import Objects
from engine.store.own_adapters import part_with_pictures


async def discard_pictures(database: Database, objects: Objects, discord_id: int, keys: Sequence[str]) -> None:
    """Forget that the member brought the pictures, but for those of their jobs, and delete the files that nobody has.

    Raises: StoreUnavailable.
    """
    async with database.begin() as connection:
        query = sa.select(members.c.id).where(members.c.discord_id == discord_id)
        member_id = (await connection.execute(query)).scalar_one()
        unused = await part_with_pictures(connection, new_id(), member_id, keys)
    for key in unused:
        await objects.delete(key)
