"""Deleting old jobs in batches: those that a rule chooses, with their deliveries; messages in Discord stay."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.erasures import Erasure, forget_compared
from bot.store.tables import DeliveryState, deliveries
from engine.feedback.store.erasure import PaintedOfMember, read_painted_by
from engine.feedback.store.prunes import lock_against_readers, prune_rows, read_uploads_of
from engine.feedback.store.retention import OldJob, Retention, choose_jobs, read_old_jobs

_AT_ONCE = 100


@dataclass(frozen=True, kw_only=True)
class PruneBatch:
    """Some of the jobs that the rule chooses, with their files and what is brought for them.

    last: the last of all that were looked at; None when there are no more. erasure: has the files to delete; None where
    there is nothing to delete, or nothing is to be.
    """

    painted: PaintedOfMember
    keys: frozenset[str]
    last: OldJob | None
    erasure: Erasure | None = None


async def read_batch(
    connection: AsyncConnection, rule: Retention, after: OldJob | None, gone: Collection[UUID]
) -> PruneBatch:
    """Return the next of what would be deleted, and delete nothing."""
    old = await read_old_jobs(connection, rule, after, limit=_AT_ONCE, is_locked=False)
    painted = await _choose(connection, rule, old, gone)
    return PruneBatch(painted=painted, keys=await _keys(connection, painted), last=old[-1] if old else None)


async def prune_batch(
    connection: AsyncConnection, rule: Retention, after: OldJob | None, gone: Collection[UUID]
) -> PruneBatch:
    """Delete the rows of the next jobs; their files are left to the batch's erasure.

    Raises: PicturesInUse while an export or a backup is running.
    """
    await lock_against_readers(connection)
    old = await read_old_jobs(connection, rule, after, limit=_AT_ONCE, is_locked=True)
    painted = await _choose(connection, rule, old, gone)
    last = old[-1] if old else None
    if not painted.job_ids:
        return PruneBatch(painted=painted, keys=frozenset(), last=last)
    keys = await _keys(connection, painted)
    erasure = await prune_rows(connection, rule, painted)
    await forget_compared(connection, painted.job_ids, erasure.member_id)
    return PruneBatch(painted=painted, keys=keys, last=last, erasure=erasure)


async def _choose(
    connection: AsyncConnection, rule: Retention, old: Sequence[OldJob], gone: Collection[UUID]
) -> PaintedOfMember:
    listed = sa.any_(sa.literal([job.id for job in old], pg.ARRAY(pg.UUID)))
    is_open = sa.and_(deliveries.c.job_id == listed, deliveries.c.state == DeliveryState.OPEN.value)
    told = set((await connection.execute(sa.select(deliveries.c.job_id).where(is_open))).scalars())
    chosen = await choose_jobs(connection, rule, [job for job in old if job.id not in told], gone)
    return await read_painted_by(connection, chosen)


async def _keys(connection: AsyncConnection, painted: PaintedOfMember) -> frozenset[str]:
    return painted.keys.union(await read_uploads_of(connection, painted.job_ids))
