"""Stores which messages deliveries have got, of all that were posted since the last look at once."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.deliveries import BotInstance

# Locked in order, as claims are when they are renewed.
_POSTED = sa.text("""
    WITH held AS (
        SELECT deliveries.id, posted.message_id
        FROM unnest(:ids, :message_ids) AS posted (id, message_id) JOIN deliveries USING (id)
        WHERE deliveries.claimed_by = :holder AND deliveries.state = 'open'
        ORDER BY deliveries.id FOR NO KEY UPDATE OF deliveries)
    UPDATE deliveries SET message_id = coalesce(deliveries.message_id, held.message_id)
    FROM held WHERE deliveries.id = held.id
""").bindparams(
    sa.bindparam("ids", type_=pg.ARRAY(pg.UUID)),
    sa.bindparam("message_ids", type_=pg.ARRAY(sa.BigInteger)),
    sa.bindparam("holder", type_=pg.UUID),
)


async def store_message_ids(
    connection: AsyncConnection, message_ids: Mapping[UUID, int], instance: BotInstance
) -> None:
    """Store the ids of the messages of those deliveries that the process holds, unless they have one, in one statement.

    message_ids: by the ids of the deliveries.
    """
    given = {"ids": list(message_ids), "message_ids": list(message_ids.values()), "holder": instance.id}
    await connection.execute(_POSTED, given)
