"""What members use: how many jobs and pictures, and how long engines painted for them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.jobs import JobStatus
from engine.store.tables import jobs, pictures

_PERIOD = sa.func.now() - sa.bindparam("period", type_=sa.Interval)
_ENDED = jobs.c.ended_at > _PERIOD
_WAS_PAINTED = jobs.c.status.in_([JobStatus.FINISHED.value, JobStatus.FAILED.value])
_NUM_PICTURES = (
    sa.select(sa.func.count()).select_from(pictures).where(pictures.c.job_id == jobs.c.id).correlate(jobs)
).scalar_subquery()
_SECONDS = sa.func.coalesce(sa.func.sum(sa.extract("epoch", jobs.c.ended_at - jobs.c.started_at)), 0)
_USAGE = (
    sa.select(
        jobs.c.member_id,
        sa.func.count().label("jobs"),
        sa.func.sum(_NUM_PICTURES).label("pictures"),
        _SECONDS.label("seconds"),
    )
    .where(_ENDED, _WAS_PAINTED)
    .group_by(jobs.c.member_id)
)


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a member has used within a period.

    jobs: those that were painted or failed. pictures: those of them that are still there. painting: from the start to
    the end of each job, added up; an engine paints several jobs at once.
    """

    member_id: UUID
    jobs: int = 0
    pictures: int = 0
    painting: timedelta = timedelta(0)


async def read_usage(connection: AsyncConnection, period: timedelta, *, limit: int) -> list[Usage]:
    """Return what those used who used most within the period, up to now; at most `limit` of them, the first the most.

    Who has used nothing is left out.
    """
    query = _USAGE.order_by(sa.desc("seconds"), sa.desc("jobs"), jobs.c.member_id).limit(limit)
    return [_from_row(row) for row in await connection.execute(query, {"period": period})]


async def read_usage_of(
    connection: AsyncConnection, member_ids: Collection[UUID], period: timedelta
) -> dict[UUID, Usage]:
    """Return what each of these members used within the period, also of those who used nothing."""
    query = _USAGE.where(jobs.c.member_id == sa.any_(sa.literal(list(member_ids), pg.ARRAY(pg.UUID))))
    found = {row.member_id: _from_row(row) for row in await connection.execute(query, {"period": period})}
    return {member_id: found.get(member_id, Usage(member_id=member_id)) for member_id in member_ids}


def _from_row(row: sa.Row[Any]) -> Usage:
    painting = timedelta(seconds=float(row.seconds))
    return Usage(member_id=row.member_id, jobs=row.jobs, pictures=int(row.pictures), painting=painting)
