"""Which jobs are old enough to be deleted, and which are kept: for their ratings, or for what was painted from them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.store.tables import jobs, pictures


@dataclass(frozen=True, kw_only=True)
class Retention:
    """What is deleted: jobs that ended before `before`, favourites never.

    below: those alone that were rated, and each time below this, 2 to 4. is_unrated: those alone that nobody rated.
    Where both are given, either.
    """

    before: datetime
    below: int | None = None
    is_unrated: bool = False


@dataclass(frozen=True, kw_only=True)
class OldJob:
    """A job that is old enough, by the time at which it ended."""

    id: UUID
    ended_at: datetime


# Of each verb a member's last press on a picture or a grid counts; a rating of 0 takes one back.
_OPINIONS = sa.text("""
    SELECT job_id, max(value) FILTER (WHERE verb = 'rate') AS rating,
        bool_or(value > 0) FILTER (WHERE verb = 'favourite') AS is_favourite
    FROM (
        SELECT DISTINCT ON (job_id, member_id, verb, picture_id) job_id, verb, value
        FROM actions WHERE job_id = ANY (:job_ids) AND verb IN ('rate', 'favourite')
        ORDER BY job_id, member_id, verb, picture_id, press_id DESC
    ) AS last
    GROUP BY job_id
""").bindparams(sa.bindparam("job_ids", type_=pg.ARRAY(pg.UUID)))
_CHILDREN = sa.text("""
    SELECT parent_job_id AS parent_id, id FROM jobs WHERE parent_job_id = ANY (:job_ids)
    UNION
    SELECT job_id, jobs.id FROM pictures JOIN jobs ON parent_picture_id = pictures.id WHERE job_id = ANY (:job_ids)
""").bindparams(sa.bindparam("job_ids", type_=pg.ARRAY(pg.UUID)))


async def read_old_jobs(
    connection: AsyncConnection, rule: Retention, after: OldJob | None, *, limit: int, is_locked: bool
) -> Sequence[OldJob]:
    """Return the jobs that are old enough, the newest first, after the last one of before.

    is_locked: whether nobody may start a job from them until the transaction ends; what others hold is left out.
    """
    query = sa.select(jobs.c.id, jobs.c.ended_at).where(jobs.c.ended_at < rule.before, jobs.c.ended_at.is_not(None))
    if after is not None:
        query = query.where(sa.tuple_(jobs.c.ended_at, jobs.c.id) < (after.ended_at, after.id))
    query = query.order_by(jobs.c.ended_at.desc(), jobs.c.id.desc()).limit(limit)
    if is_locked:
        query = query.with_for_update(skip_locked=True)
    found = [OldJob(id=row.id, ended_at=row.ended_at) for row in await connection.execute(query)]
    if is_locked:
        listed = sa.any_(sa.literal([job.id for job in found], pg.ARRAY(pg.UUID)))
        painted = sa.select(pictures.c.id).where(pictures.c.job_id == listed).order_by(pictures.c.id)
        await connection.execute(painted.with_for_update())
    return found


async def choose_jobs(
    connection: AsyncConnection, rule: Retention, old: Sequence[OldJob], gone: Collection[UUID]
) -> list[UUID]:
    """Return those of the jobs, the newest first, that the rule deletes.

    What others were painted from is kept while they are. gone: jobs that are deleted already, or would be.
    """
    asked = {"job_ids": [job.id for job in old]}
    opinions = {row.job_id: row for row in await connection.execute(_OPINIONS, asked)}
    children: dict[UUID, set[UUID]] = {}
    for row in await connection.execute(_CHILDREN, asked):
        children.setdefault(row.parent_id, set()).add(row.id)
    chosen: dict[UUID, None] = {}
    for job in old:
        opinion = opinions.get(job.id)
        is_kept = bool(opinion and opinion.is_favourite)
        is_kept |= bool(children.get(job.id, set()).difference(gone, chosen))
        if not is_kept and _is_rated_so(rule, (opinion and opinion.rating) or 0):
            chosen[job.id] = None
    return list(chosen)


def _is_rated_so(rule: Retention, best: int) -> bool:
    """Return whether the rule deletes a job with this best rating, 0 for none."""
    if rule.below is None and not rule.is_unrated:
        return True
    return rule.is_unrated if not best else rule.below is not None and best < rule.below
