"""Posting announcements and deleting those withdrawn: one process at a time claims that of a guild.

Another one takes over if it dies.
"""

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
        WHERE state = 'waiting' AND due_at <= now() AND NOT EXISTS (
            SELECT FROM announcements WHERE id = announcement_id AND withdrawn_at IS NOT NULL)
        ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
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

# Also what waits: whoever has tried it may have posted it, and died before that was stored.
_CLAIM_WITHDRAWN = sa.text("""
    WITH chosen AS (
        SELECT due.announcement_id, due.guild_id, announcements.text, announcements.created_at
        FROM announcements CROSS JOIN LATERAL (
            SELECT announcement_id, guild_id FROM announcement_posts
            WHERE announcement_id = announcements.id AND state IN ('posted', 'waiting') AND due_at <= now()
            ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED) AS due
        WHERE announcements.withdrawn_at IS NOT NULL LIMIT 1)
    UPDATE announcement_posts AS own SET due_at = clock_timestamp() + :lasts FROM chosen
    WHERE own.announcement_id = chosen.announcement_id AND own.guild_id = chosen.guild_id
    RETURNING own.announcement_id, own.guild_id, own.channel_id, own.message_id, chosen.text, chosen.created_at
""").bindparams(sa.bindparam("lasts", type_=sa.Interval))


@dataclass(frozen=True, kw_only=True)
class WithdrawnPost:
    """An announcement that was withdrawn and may be in a guild; `message_id` of the message that shows it, if known."""

    announcement_id: UUID
    guild_id: int
    channel_id: int | None
    message_id: int | None
    text: str
    created_at: datetime


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


async def claim_withdrawn(connection: AsyncConnection) -> WithdrawnPost | None:
    """Return a post that is to be deleted, for this process alone; None if there is none."""
    row = (await connection.execute(_CLAIM_WITHDRAWN, {"lasts": CLAIM_LASTS})).mappings().one_or_none()
    return None if row is None else WithdrawnPost(**row)


async def end_post(
    connection: AsyncConnection,
    post: AnnouncementPost | WithdrawnPost,
    state: PostState,
    message_id: int | None = None,
) -> None:
    """Store what became of the post; `message_id` of the message that shows it, if one does."""
    # So that it is deleted at once if it was withdrawn meanwhile.
    await _change(connection, post, state=state.value, message_id=message_id, due_at=sa.func.clock_timestamp())


async def put_off(connection: AsyncConnection, post: AnnouncementPost | WithdrawnPost, after: timedelta) -> None:
    """Leave the post to whoever looks next after a while."""
    await _change(connection, post, due_at=sa.func.clock_timestamp() + after)


async def _change(connection: AsyncConnection, post: AnnouncementPost | WithdrawnPost, **values: object) -> None:
    own = announcement_posts.c
    changed = sa.update(announcement_posts).where(
        own.announcement_id == post.announcement_id, own.guild_id == post.guild_id
    )
    await connection.execute(changed.values(**values))
