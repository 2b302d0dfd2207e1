"""Posts in gallery channels: deliveries of a kind of their own, one for each job in a guild, whatever happens to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.deliveries import Delivery, read_deliveries
from bot.store.finding.pages import BLAMELESS, SAFE
from bot.store.gallery.settings import read_gallery
from bot.store.gallery.tables import gallery_votes
from bot.store.tables import DeliveryKind, DeliveryState, deliveries

_job_ids = sa.bindparam("job_ids", type_=pg.ARRAY(pg.UUID))

# Who has not voted since the channel was named posts nothing: a new gallery would be flooded.
_CANDIDATES = sa.text(f"""
    SELECT votes.job_id, votes.best_id, votes.is_nsfw, votes.channel_id AS source_id, grid.guild_id,
        galleries.channel_id, jobs.member_id, members.discord_id
    FROM gallery_votes AS votes
    JOIN deliveries AS grid ON grid.job_id = votes.job_id AND grid.kind = 'grid'
    JOIN galleries ON galleries.guild_id = grid.guild_id
    JOIN jobs ON jobs.id = votes.job_id
    JOIN members ON members.id = jobs.member_id
    CROSS JOIN LATERAL (SELECT votes.job_id AS id) AS found
    WHERE votes.job_id = ANY (:job_ids) AND votes.votes >= galleries.threshold
        AND votes.channel_id <> galleries.channel_id
        AND jobs.visibility = 'public' AND jobs.status = 'finished' AND jobs.operation NOT IN ('describe', 'shorten')
        AND members.discord_id > 0 AND {BLAMELESS} AND {SAFE}
        AND EXISTS (
            SELECT FROM actions WHERE actions.job_id = votes.job_id AND NOT is_owner
                AND verb IN ('rate', 'favourite') AND at >= galleries.since
        )
        AND NOT EXISTS (
            SELECT FROM deliveries AS post
            WHERE post.job_id = votes.job_id AND post.guild_id = grid.guild_id AND post.kind = 'gallery'
        )
""").bindparams(_job_ids)  # noqa: S608  its part is in `pages`

_DELETED = sa.text("""
    SELECT post.id, post.job_id, post.channel_id, post.message_id FROM deliveries AS post
    WHERE post.job_id = ANY (:job_ids) AND post.kind = 'gallery' AND post.state IN ('open', 'delivered')
        AND EXISTS (
            SELECT FROM actions LEFT JOIN pictures ON pictures.id = post.picture_id
            WHERE actions.job_id = post.job_id AND actions.guild_id = post.guild_id AND actions.verb = 'delete'
                AND (actions.slot IS NULL OR pictures.slot IS NULL OR actions.slot = pictures.slot)
        )
""").bindparams(_job_ids)


@dataclass(frozen=True, kw_only=True)
class LikedJob:
    """A job that enough members like to be posted in the gallery channel of its guild.

    picture_id: of the picture that most like; None for the grid. source_id: the channel in which it was made.
    is_nsfw: whether Discord restricts that one by age, or did not say. discord_id: of its owner.
    """

    job_id: UUID
    picture_id: UUID | None
    member_id: UUID
    discord_id: int
    guild_id: int
    channel_id: int
    source_id: int
    is_nsfw: bool


@dataclass(frozen=True, kw_only=True)
class Post:
    """What is in a gallery channel, or about to be; `message_id` is None until it is posted."""

    id: UUID
    job_id: UUID
    channel_id: int
    message_id: int | None


@dataclass(frozen=True, kw_only=True)
class GalleryPost:
    """What a post says beside its picture: the delivery of the grid, None if it is gone, and whether whose it is."""

    original: Delivery | None
    names_author: bool


async def find_candidates(connection: AsyncConnection, job_ids: Sequence[UUID]) -> list[LikedJob]:
    """Return those of the jobs that are to be posted and have not been."""
    rows = await connection.execute(_CANDIDATES, {"job_ids": list(job_ids)})
    return [
        LikedJob(
            job_id=row.job_id,
            picture_id=row.best_id,
            member_id=row.member_id,
            discord_id=row.discord_id,
            guild_id=row.guild_id,
            channel_id=row.channel_id,
            source_id=row.source_id,
            is_nsfw=row.is_nsfw,
        )
        for row in rows
    ]


async def find_deleted(connection: AsyncConnection, job_ids: Sequence[UUID]) -> list[Post]:
    """Return the posts of the jobs whose pictures somebody has deleted in the guild since."""
    rows = await connection.execute(_DELETED, {"job_ids": list(job_ids)})
    return [Post(id=row.id, job_id=row.job_id, channel_id=row.channel_id, message_id=row.message_id) for row in rows]


async def record_taken_down(connection: AsyncConnection, post: Post) -> None:
    """Store that the post is gone; it never comes again."""
    gone = {"state": DeliveryState.GONE.value, "closed_at": sa.func.coalesce(deliveries.c.closed_at, sa.func.now())}
    free = {"claimed_by": None, "claimed_until": None}
    await connection.execute(sa.update(deliveries).where(deliveries.c.id == post.id).values(**gone, **free))
    settled = sa.update(gallery_votes).where(gallery_votes.c.job_id == post.job_id)
    await connection.execute(settled.values(due_at=None))


async def read_post(connection: AsyncConnection, delivery: Delivery) -> GalleryPost:
    """Return what the post says."""
    own = deliveries.c
    grid = sa.select(own.id).where(own.job_id == delivery.job_id, own.kind == DeliveryKind.GRID.value)
    originals = await read_deliveries(connection, (await connection.execute(grid)).scalars().all())
    gallery = await read_gallery(connection, delivery.guild_id or 0)
    return GalleryPost(original=next(iter(originals), None), names_author=gallery.names_authors)
