"""Posting announcements: one process at a time claims that of a guild, and another one takes over if it dies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.announcements.tables import PostState, announcement_posts

CLAIM_LASTS = timedelta(minutes=2)
"""After this, another process posts it."""

_CLAIM = sa.text("""
    WITH chosen AS (
        SELECT announcement_id, guild_id FROM announcement_posts
        WHERE state = 'waiting' AND due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    UPDATE announcement_posts AS own
    SET due_at = clock_timestamp() + :lasts, attempts = own.attempts + 1,
        channel_id = coalesce(own.channel_id, guild_settings.announcements)
    FROM chosen
        JOIN announcements ON announcements.id = chosen.announcement_id
        LEFT JOIN guild_settings ON guild_settings.guild_id = chosen.guild_id
    WHERE own.announcement_id = chosen.announcement_id AND own.guild_id = chosen.guild_id
    RETURNING own.announcement_id, own.guild_id, own.channel_id, own.attempts, announcements.text,
        announcements.created_at, guild_settings.announcements IS NOT NULL AS is_wanted
""").bindparams(sa.bindparam("lasts", type_=sa.Interval))


@dataclass(frozen=True, kw_only=True)
class AnnouncementPost:
    """An announcement that is to be posted in a guild.

    attempts: how often it was tried, this time included. is_wanted: whether the guild still wants announcements.
    """

    announcement_id: UUID
    guild_id: int
    channel_id: int | None
    attempts: int
    text: str
    created_at: datetime
    is_wanted: bool


async def claim_post(connection: AsyncConnection) -> AnnouncementPost | None:
    """Return the post that has waited longest, for this process alone; None if none waits."""
    row = (await connection.execute(_CLAIM, {"lasts": CLAIM_LASTS})).mappings().one_or_none()
    return None if row is None else AnnouncementPost(**row)


async def end_post(
    connection: AsyncConnection, post: AnnouncementPost, state: PostState, message_id: int | None = None
) -> None:
    """Store what became of the post; `message_id` of the message that shows it, if one does."""
    await _change(connection, post, state=state.value, message_id=message_id)


async def put_off(connection: AsyncConnection, post: AnnouncementPost, after: timedelta) -> None:
    """Leave the post to whoever looks next after a while."""
    await _change(connection, post, due_at=sa.func.clock_timestamp() + after)


async def _change(connection: AsyncConnection, post: AnnouncementPost, **values: object) -> None:
    own = announcement_posts.c
    changed = sa.update(announcement_posts).where(
        own.announcement_id == post.announcement_id, own.guild_id == post.guild_id
    )
    await connection.execute(changed.values(**values))
