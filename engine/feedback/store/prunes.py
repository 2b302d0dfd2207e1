"""Deleting old jobs: their rows in one transaction with the list of their files, which outlives a crash.

The files are deleted as those of an erasure, which belongs to nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.errors import RequestError
from engine.feedback.store.erasure import PaintedOfMember
from engine.feedback.store.erasures import Erasure, add_objects, claim_new, erase_rows
from engine.feedback.store.retention import Retention
from engine.feedback.store.tables import erasures, prunes
from engine.store.tables import jobs
from engine.store.unavailable import is_blocked

# A prune waits for nobody who reads pictures: a long export would keep all others that begin waiting with it.
_LOCK = sa.text("LOCK TABLE prunes IN ACCESS EXCLUSIVE MODE NOWAIT")
_FORGET_UPLOADS = sa.text("""
    DELETE FROM uploads USING unnest(:member_ids, :keys) AS used (member_id, object_key)
    WHERE uploads.member_id = used.member_id AND uploads.object_key = used.object_key AND created_at < :before
        AND NOT EXISTS (
            SELECT FROM jobs WHERE image_keys <> '{}' AND image_keys @> ARRAY[used.object_key]
                AND jobs.member_id = used.member_id)
    RETURNING uploads.object_key
""").bindparams(
    sa.bindparam("member_ids", type_=pg.ARRAY(pg.UUID)),
    sa.bindparam("keys", type_=pg.ARRAY(sa.Text)),
    sa.bindparam("before", type_=sa.TIMESTAMP(timezone=True)),
)


class PicturesInUse(RequestError):
    """An export or a backup is running, and reads pictures that would be deleted."""


async def lock_against_readers(connection: AsyncConnection) -> None:
    """Keep exports and backups from beginning until the transaction ends.

    Raises: PicturesInUse while one is running.
    """
    try:
        await connection.execute(_LOCK)
    except sa.exc.DBAPIError as error:
        if is_blocked(error):
            raise PicturesInUse() from error
        raise


async def read_uploads_of(connection: AsyncConnection, job_ids: Collection[UUID]) -> Mapping[str, set[UUID]]:
    """Return the keys of the pictures in the jobs' prompts, with the members who asked."""
    listed = sa.any_(sa.literal(list(job_ids), pg.ARRAY(pg.UUID)))
    query = sa.select(jobs.c.member_id, jobs.c.image_keys).where(jobs.c.id == listed, jobs.c.image_keys != [])
    found: dict[str, set[UUID]] = {}
    for row in await connection.execute(query):
        for key in row.image_keys:
            found.setdefault(key, set()).add(row.member_id)
    return found


async def prune_rows(connection: AsyncConnection, rule: Retention, painted: PaintedOfMember) -> Erasure:
    """Delete the rows of the jobs, of what was pressed on them, and of what was brought for them alone.

    The result is the erasure that has their files still to delete.
    """
    brought = await read_uploads_of(connection, painted.job_ids)
    erasure = await claim_new(connection)
    counts = {"jobs": len(painted.job_ids), "pictures": len(painted.picture_ids)}
    await connection.execute(sa.insert(prunes).values(id=erasure.id, **counts))
    await erase_rows(connection, erasure, painted, {})
    pairs = [(member_id, key) for key, member_ids in brought.items() for member_id in member_ids]
    if pairs:
        members, keys = zip(*pairs, strict=True)
        used = {"member_ids": list(members), "keys": list(keys), "before": rule.before}
        await add_objects(connection, erasure.id, (await connection.execute(_FORGET_UPLOADS, used)).scalars().all())
    return erasure


async def read_unfinished(connection: AsyncConnection) -> list[Erasure]:
    """Return what prunes that were ended have still to delete."""
    query = sa.select(erasures.c.id, erasures.c.member_id, erasures.c.requested_at, erasures.c.counts)
    rows = await connection.execute(
        query.join(prunes, prunes.c.id == erasures.c.id).where(erasures.c.done_at.is_(None))
    )
    return [
        Erasure(id=row.id, member_id=row.member_id, requested_at=row.requested_at, is_deleted=True, counts=row.counts)
        for row in rows
    ]


async def finish_prune(connection: AsyncConnection, erasure_id: UUID) -> None:
    """Leave of the prune when it was and how much it deleted."""
    await connection.execute(sa.delete(erasures).where(erasures.c.id == erasure_id))
