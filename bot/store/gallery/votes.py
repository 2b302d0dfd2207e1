"""How many members like a job's pictures, counted from the log: who presses 🙂, 😍 or the heart, but not its owner.

A member counts once for a job, whichever of its pictures they like, for as long as they do. Presses only note that
there is something to count, so that they wait for nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.gallery.tables import gallery_votes

_NOTE = sa.text("""
    INSERT INTO gallery_votes AS known (job_id, due_at)
    SELECT id, now() FROM jobs WHERE id = ANY (:job_ids) ORDER BY id
    ON CONFLICT (job_id) DO UPDATE SET due_at = least(known.due_at, excluded.due_at)
""").bindparams(sa.bindparam("job_ids", type_=pg.ARRAY(pg.UUID)))

_LIKED_BY = sa.text("""
    UPDATE gallery_votes SET due_at = now()
    WHERE job_id IN (SELECT job_id FROM actions WHERE member_id = :member_id AND verb IN ('rate', 'favourite'))
""").bindparams(sa.bindparam("member_id", type_=pg.UUID))

# Who votes meanwhile waits for the row, and has it counted once more.
_DUE = sa.text("""
    SELECT job_id FROM gallery_votes WHERE due_at <= now() ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED
""")
_COUNT = sa.text("""
    WITH standing AS (
        SELECT DISTINCT ON (job_id, member_id, verb, picture_id) job_id, member_id, verb, picture_id, value FROM actions
        WHERE job_id = ANY (:job_ids) AND verb IN ('rate', 'favourite') AND NOT is_owner
        ORDER BY job_id, member_id, verb, picture_id, press_id DESC
    ),
    liked AS (
        SELECT job_id, member_id, picture_id FROM standing
        WHERE verb = 'rate' AND value > 2 OR verb = 'favourite' AND value = 1
    ),
    counted AS (SELECT job_id, count(DISTINCT member_id) AS votes FROM liked GROUP BY job_id),
    best AS (
        SELECT DISTINCT ON (job_id) job_id, picture_id FROM (
            SELECT liked.job_id, liked.picture_id, pictures.slot, count(DISTINCT liked.member_id) AS votes
            FROM liked JOIN pictures ON pictures.id = liked.picture_id GROUP BY 1, 2, 3
        ) AS each ORDER BY job_id, votes DESC, slot
    ),
    places AS (
        SELECT job_id, channel_id, coalesce(is_nsfw_channel, true) AS is_nsfw
        FROM deliveries JOIN jobs ON jobs.id = deliveries.job_id
        WHERE job_id = ANY (:job_ids) AND kind = 'grid' AND state = 'delivered' AND surface = 'guild'
            AND moved_from IS NULL AND visibility = 'public'
    )
    UPDATE gallery_votes SET
        votes = coalesce(counted.votes, 0), best_id = best.picture_id, channel_id = places.channel_id,
        is_nsfw = coalesce(places.is_nsfw, true), due_at = NULL
    FROM unnest(:job_ids) AS asked (job_id) LEFT JOIN counted USING (job_id) LEFT JOIN best USING (job_id)
        LEFT JOIN places USING (job_id)
    WHERE gallery_votes.job_id = asked.job_id
""").bindparams(sa.bindparam("job_ids", type_=pg.ARRAY(pg.UUID)))


@dataclass(frozen=True, kw_only=True)
class Votes:
    """How many members like a job's pictures, and the picture that most like; None where only the grid has any."""

    number: int = 0
    best_id: UUID | None = None


NO_VOTES = Votes()


async def read_votes(connection: AsyncConnection, job_ids: Collection[UUID]) -> Mapping[UUID, Votes]:
    """Return the votes of those of the jobs that have any, as last counted."""
    listed = sa.any_(sa.literal(list(job_ids), pg.ARRAY(pg.UUID)))
    query = sa.select(gallery_votes).where(gallery_votes.c.job_id == listed, gallery_votes.c.votes > 0)
    return {row.job_id: Votes(number=row.votes, best_id=row.best_id) for row in await connection.execute(query)}


async def note_votes(connection: AsyncConnection, job_ids: Sequence[UUID]) -> list[None]:
    """Note that the votes of these jobs are to be counted, or whether they may still be shown is to be looked at."""
    await connection.execute(_NOTE, {"job_ids": sorted(set(job_ids))})
    return [None] * len(job_ids)


async def note_votes_of(connection: AsyncConnection, member_id: UUID) -> None:
    """Note what the member has voted for, because their votes are about to be erased."""
    await connection.execute(_LIKED_BY, {"member_id": member_id})


async def count_votes(connection: AsyncConnection, *, limit: int) -> list[UUID]:
    """Count so many jobs whose votes are to be counted, those noted first, and return them; they stay locked."""
    job_ids: list[UUID] = list((await connection.execute(_DUE, {"most": limit})).scalars())
    if job_ids:
        await connection.execute(_COUNT, {"job_ids": job_ids})
    return job_ids


async def look_again(connection: AsyncConnection, job_ids: Sequence[UUID], *, after: timedelta) -> None:
    """Note the jobs once more, to be looked at after that time."""
    listed = sa.any_(sa.literal(list(job_ids), pg.ARRAY(pg.UUID)))
    later = sa.func.clock_timestamp() + after
    await connection.execute(sa.update(gallery_votes).where(gallery_votes.c.job_id == listed).values(due_at=later))
