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
    FROM (SELECT id, text, created_at, withdrawn_at FROM announcements ORDER BY id DESC LIMIT :limit) AS latest
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE state = 'waiting') AS num_waiting,
                count(*) FILTER (WHERE state = 'posted') AS num_posted,
                count(*) FILTER (WHERE state = 'unwanted') AS num_unwanted,
                count(*) FILTER (WHERE state = 'withdrawn') AS num_withdrawn,
                coalesce(array_agg(guild_id ORDER BY guild_id) FILTER (WHERE state = 'refused'), '{}') AS refused_by,
                coalesce(array_agg(guild_id ORDER BY guild_id) FILTER (WHERE state = 'left'), '{}') AS left_in
            FROM announcement_posts WHERE announcement_id = latest.id) AS counted
    ORDER BY latest.id DESC
""")
_WITHDRAW = sa.text("""
    UPDATE announcements SET withdrawn_at = coalesce(withdrawn_at, now()) WHERE id = :id
    RETURNING withdrawn_at < now() AS was_withdrawn
""").bindparams(sa.bindparam("id", type_=pg.UUID))
# What was tried may be there, or is about to be: whoever looks after the posts deletes it.
_STOP = sa.text("""
    UPDATE announcement_posts SET state = 'withdrawn' WHERE announcement_id = :id AND state = 'waiting' AND attempts = 0
""").bindparams(sa.bindparam("id", type_=pg.UUID))
_TRY_AGAIN = sa.text("""
    UPDATE announcement_posts SET due_at = now(), state = CASE WHEN message_id IS NULL THEN 'waiting' ELSE 'posted' END
    WHERE announcement_id = :id AND state = 'left'
""").bindparams(sa.bindparam("id", type_=pg.UUID))
_COUNT = sa.text("""
    SELECT count(*) FROM announcement_posts WHERE announcement_id = :id AND state IN ('posted', 'waiting')
""").bindparams(sa.bindparam("id", type_=pg.UUID))


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """What was announced, and in how many guilds it was posted, is still to be, or is not wanted any more.

    withdrawn_at: since when it is to be nowhere; None unless it was withdrawn. num_withdrawn: in how many guilds it is
    not any more, or never was. refused_by: the guilds in whose channel the bot may not post. left_in: those where it
    may be left although it was withdrawn, because the bot may not delete it.
    """

    id: UUID
    text: str
    created_at: datetime
    withdrawn_at: datetime | None
    num_waiting: int
    num_posted: int
    num_unwanted: int
    num_withdrawn: int
    refused_by: tuple[int, ...]
    left_in: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Withdrawal:
    """What becomes of an announcement that is withdrawn.

    is_new: whether it had not been withdrawn before. num_stopped: in how many guilds it will not be posted. num_shown:
    in how many it is, or is about to be, and will be deleted.
    """

    is_new: bool
    num_stopped: int
    num_shown: int


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
    return [
        Announcement(**{**row, "refused_by": tuple(row["refused_by"]), "left_in": tuple(row["left_in"])})
        for row in rows
    ]


async def withdraw(connection: AsyncConnection, announcement_id: UUID) -> Withdrawal | None:
    """Have the announcement deleted where it was posted, and posted nowhere else; None if there is none with the id.

    Where the bot could not delete it, it tries once more.
    """
    found = (await connection.execute(_WITHDRAW, {"id": announcement_id})).one_or_none()
    if found is None:
        return None
    num_stopped = (await connection.execute(_STOP, {"id": announcement_id})).rowcount
    await connection.execute(_TRY_AGAIN, {"id": announcement_id})
    num_shown = (await connection.execute(_COUNT, {"id": announcement_id})).scalar_one()
    return Withdrawal(is_new=not found.was_withdrawn, num_stopped=num_stopped, num_shown=num_shown)
