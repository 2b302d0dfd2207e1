"""Jobs in quarantine: they failed for good, and not because of what was asked; an operator may let them run again.

They crashed painters, failed at every attempt, or failed of something that only an operator can put right.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract import errors
from engine.contract.jobs import CRASHES_UNTIL_ALONE, JobStatus, Operation, spec_from_json, speed_of
from engine.store.jobs import notify_changed
from engine.store.queue import enqueue
from engine.store.tables import jobs
from engine.store.turns import assign_turns

_ASKED_WRONGLY = sorted(
    name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.RequestError)
)
_ERROR = jobs.c.cause["error"].astext

IS_QUARANTINED = sa.and_(
    jobs.c.status == JobStatus.FAILED.value,
    _ERROR.not_in(_ASKED_WRONGLY),
    # Of a training that has ended, the pictures are gone.
    jobs.c.operation != Operation.TRAIN.value,
)
"""The condition that a job is in quarantine."""


@dataclass(frozen=True, kw_only=True)
class QuarantinedJob:
    """A job in quarantine; `error` is the name of the error that it failed of."""

    id: UUID
    member_id: UUID
    operation: Operation
    prompt: str
    error: str
    attempts: int
    crashes: int
    ended_at: datetime


async def read_quarantined(connection: AsyncConnection, limit: int) -> tuple[QuarantinedJob, ...]:
    """Return the `limit` jobs that were the last to fail, the latest first."""
    plain = [jobs.c[name] for name in ("id", "member_id", "operation", "attempts", "crashes", "ended_at")]
    named = (jobs.c.spec["prompt"].astext.label("prompt"), _ERROR.label("error"))
    query = sa.select(*plain, *named).where(IS_QUARANTINED).order_by(jobs.c.ended_at.desc(), jobs.c.id).limit(limit)
    rows = await connection.execute(query)
    return tuple(QuarantinedJob(**{**row._mapping, "operation": Operation(row.operation)}) for row in rows)


async def count_quarantined(connection: AsyncConnection) -> int:
    """Return how many jobs are in quarantine."""
    query = sa.select(sa.func.count()).select_from(jobs).where(IS_QUARANTINED)
    return int((await connection.execute(query)).scalar_one())


async def retry_jobs(connection: AsyncConnection, job_ids: Collection[UUID] | None) -> frozenset[UUID]:
    """Put jobs in quarantine, None for all, back into the queue, and return those that were there.

    Each takes its member's next turn and has all its attempts again. What has crashed a painter is painted alone, so
    that it takes no other job with it.
    """
    chosen = sa.select(jobs.c.id, jobs.c.member_id, jobs.c.spec, _ERROR.label("error")).where(IS_QUARANTINED)
    if job_ids is not None:
        chosen = chosen.where(jobs.c.id == sa.any_(sa.literal(list(job_ids), pg.ARRAY(pg.UUID))))
    rows = (await connection.execute(chosen.order_by(jobs.c.id).with_for_update())).all()
    if not rows:
        return frozenset()
    wanted = [(row.member_id, speed_of(spec_from_json(row.spec))) for row in rows]
    turns = dict(zip([row.id for row in rows], await assign_turns(connection, wanted), strict=True))
    crashed = [row.id for row in rows if row.error == errors.PainterLost.__name__]
    await connection.execute(_let_wait(turns, crashed))
    await enqueue(connection, turns)
    await notify_changed(connection, *turns)
    return frozenset(turns)


async def give_up_jobs(connection: AsyncConnection, job_ids: Collection[UUID]) -> frozenset[UUID]:
    """Take jobs out of quarantine for good, as cancelled ones, and return those that were there."""
    chosen = jobs.c.id == sa.any_(sa.literal(list(job_ids), pg.ARRAY(pg.UUID)))
    query = sa.update(jobs).where(IS_QUARANTINED, chosen).returning(jobs.c.id)
    values = {"status": JobStatus.CANCELLED.value, "cause": None}
    return frozenset((await connection.execute(query.values(values))).scalars())


def _let_wait(turns: dict[UUID, int], crashed: Collection[UUID]) -> sa.Update:
    columns = (sa.literal(list(turns), pg.ARRAY(pg.UUID)), sa.literal(list(turns.values()), pg.ARRAY(sa.BigInteger)))
    given = sa.func.unnest(*columns).table_valued("id", "turn").render_derived("given")
    has_crashed = jobs.c.id == sa.any_(sa.literal(list(crashed), pg.ARRAY(pg.UUID)))
    values = {
        "status": JobStatus.WAITING.value,
        "cause": None,
        "ended_at": None,
        "started_at": None,
        "progress": 0,
        "attempts": 0,
        "crashes": sa.case((has_crashed, CRASHES_UNTIL_ALONE), else_=0),
        "turn": sa.cast(given.c.turn, sa.BigInteger),
    }
    return sa.update(jobs).where(jobs.c.id == sa.cast(given.c.id, pg.UUID)).values(values)
