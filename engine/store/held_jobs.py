"""Jobs that are held: they wait without an entry in the queue, so that no engine is offered them."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.jobs import JobStatus
from engine.store.queue import enqueue
from engine.store.tables import held_jobs, jobs

_HOLD = sa.text("""
    WITH removed AS (
        DELETE FROM pgqueuer WHERE dedupe_key = ANY (:job_ids) AND status = 'queued' RETURNING dedupe_key)
    INSERT INTO held_jobs (job_id) SELECT CAST(dedupe_key AS uuid) FROM removed
    ON CONFLICT DO NOTHING RETURNING job_id
""").bindparams(sa.bindparam("job_ids", type_=pg.ARRAY(sa.Text)))


async def hold_jobs(connection: AsyncConnection, job_ids: Collection[UUID]) -> frozenset[UUID]:
    """Take the jobs out of the queue until they are released; return those that no engine had taken."""
    rows = await connection.execute(_HOLD, {"job_ids": [str(job_id) for job_id in job_ids]})
    return frozenset(rows.scalars())


async def release_jobs(connection: AsyncConnection, job_ids: Collection[UUID]) -> int:
    """Queue held jobs again, with the turns that they had; return how many wait, others having been cancelled."""
    listed = sa.literal(list(job_ids), pg.ARRAY(pg.UUID))
    released = sa.delete(held_jobs).where(held_jobs.c.job_id == sa.any_(listed)).returning(held_jobs.c.job_id)
    job_ids = list((await connection.execute(released)).scalars())
    query = sa.select(jobs.c.id, jobs.c.turn).where(jobs.c.id.in_(job_ids), jobs.c.status == JobStatus.WAITING.value)
    turns = {row.id: row.turn for row in await connection.execute(query.order_by(jobs.c.turn, jobs.c.id))}
    if turns:
        await enqueue(connection, turns)
    return len(turns)
