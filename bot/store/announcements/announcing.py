"""Making announcements, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.announcements.tables import announcements
from bot.store.guilds.tables import guild_settings
from engine.contract.ids import new_id

_WANTED = guild_settings.c.announcements.is_not(None)
_POSTS = sa.text("""
    INSERT INTO announcement_posts (announcement_id, guild_id)
    SELECT :id, guild_id FROM guild_settings WHERE announcements IS NOT NULL ORDER BY guild_id
""").bindparams(sa.bindparam("id", type_=pg.UUID))
_LATEST = sa.text("""
    SELECT latest.*, counted.*
    FROM (SELECT id, text, created_at FROM announcements ORDER BY id DESC LIMIT :limit) AS latest
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE state = 'waiting') AS num_waiting,
                count(*) FILTER (WHERE state = 'posted') AS num_posted,
                count(*) FILTER (WHERE state = 'unwanted') AS num_unwanted,
                coalesce(array_agg(guild_id ORDER BY guild_id) FILTER (WHERE state = 'refused'), '{}') AS refused_by
            FROM announcement_posts WHERE announcement_id = latest.id) AS counted
    ORDER BY latest.id DESC
""")


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """What was announced, and in how many guilds it was posted, is still to be, or is not wanted any more.

    refused_by: the guilds in whose channel the bot may not post.
    """

    id: UUID
    text: str
    created_at: datetime
    num_waiting: int
    num_posted: int
    num_unwanted: int
    refused_by: tuple[int, ...]


async def count_wanting(connection: AsyncConnection) -> int:
    """Return how many guilds want announcements."""
    query = sa.select(sa.func.count()).select_from(guild_settings).where(_WANTED)
    return int((await connection.execute(query)).scalar_one())


async def announce(connection: AsyncConnection, text: str) -> tuple[UUID, int]:
    """Have the text posted in every guild that wants announcements now; return its id and how many guilds that are."""
    announcement_id = new_id()
    await connection.execute(sa.insert(announcements).values(id=announcement_id, text=text))
    return announcement_id, (await connection.execute(_POSTS, {"id": announcement_id})).rowcount


async def read_announcements(connection: AsyncConnection, limit: int) -> Sequence[Announcement]:
    """Return the latest announcements, the newest first."""
    rows = (await connection.execute(_LATEST, {"limit": limit})).mappings()
    return [Announcement(**{**row, "refused_by": tuple(row["refused_by"])}) for row in rows]
