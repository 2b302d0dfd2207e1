"""GPU time that members use: charged when a job finishes, by how long that took; others cost nothing.

A job's last run counts, so that one that was tried again is charged once, and the day is that on which it finished.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.plans import RATES, TimeSpent
from bot.store.plans.tables import charges, gpu_days
from engine.contract.jobs import Job, JobStatus, Operation, speed_of
from engine.store.queue_position import read_recent_runs
from engine.store.tables import jobs

OUTSIDE_GUILDS = 0

_FIRST_ESTIMATE = timedelta(seconds=10)
"""How long a job is expected to take before any has finished."""

# In one statement, because every press that starts jobs executes it.
_CHARGE = sa.text("""
    WITH ended AS (
        DELETE FROM charges USING jobs
        WHERE charges.member_id = ANY (:settled_ids) AND jobs.id = charges.job_id AND jobs.ended_at IS NOT NULL
        RETURNING charges.member_id, charges.guild_id, (jobs.ended_at AT TIME ZONE 'UTC')::date AS day, jobs.status,
            jobs.operation,
            charges.rate * extract(epoch FROM jobs.ended_at - jobs.started_at)::double precision AS seconds),
    settled AS (
        INSERT INTO gpu_days (member_id, guild_id, day, seconds, trainings)
        SELECT member_id, guild_id, day, sum(greatest(seconds, 0)), count(*) FILTER (WHERE operation = 'train')
        FROM ended
        WHERE status = 'finished' GROUP BY member_id, guild_id, day ORDER BY member_id, guild_id, day
        ON CONFLICT (member_id, guild_id, day) DO UPDATE SET seconds = gpu_days.seconds + excluded.seconds,
            trainings = gpu_days.trainings + excluded.trainings)
    INSERT INTO charges (job_id, member_id, guild_id, rate)
    SELECT * FROM unnest(:job_ids, :member_ids, :guild_ids, :rates)
""").bindparams(
    *(sa.bindparam(name, type_=pg.ARRAY(pg.UUID)) for name in ("settled_ids", "job_ids", "member_ids")),
    sa.bindparam("guild_ids", type_=pg.ARRAY(sa.BigInteger)),
    sa.bindparam("rates", type_=pg.ARRAY(sa.SmallInteger)),
)


@dataclass(frozen=True, kw_only=True)
class Account:
    """What a member uses in a guild by its plans, or, for None, everywhere else."""

    member_id: UUID
    guild_id: int | None


async def read_spent(connection: AsyncConnection, accounts: Sequence[Account]) -> list[TimeSpent]:
    """Return what each account has used, settled or not, and what its unfinished jobs are expected to use."""
    member_ids = sa.any_(sa.literal(list({account.member_id for account in accounts}), pg.ARRAY(pg.UUID)))
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    settled = {(row.member_id, row.guild_id): row for row in await connection.execute(_settled(member_ids, today))}
    noted = {(row.member_id, row.guild_id): row for row in await connection.execute(_noted(member_ids, today))}
    estimate = await _read_estimate(connection)
    keys = [(account.member_id, account.guild_id or OUTSIDE_GUILDS) for account in accounts]
    return [_spent([rows[key] for rows in (settled, noted) if key in rows], estimate) for key in keys]


def _settled(member_ids: sa.ColumnElement[Any], today: datetime) -> sa.Select[Any]:
    own = gpu_days.c
    of_today = sa.func.sum(own.seconds).filter(own.day == today.date())
    query = sa.select(
        own.member_id,
        own.guild_id,
        of_today.label("day"),
        sa.func.sum(own.seconds).label("month"),
        sa.null().label("open"),
        sa.func.sum(own.trainings).label("trainings"),
    )
    of_month = own.day >= today.date().replace(day=1)
    return query.where(own.member_id == member_ids, of_month).group_by(own.member_id, own.guild_id)


def _noted(member_ids: sa.ColumnElement[Any], today: datetime) -> sa.Select[Any]:
    own = charges.c
    seconds = sa.func.sum(own.rate * sa.extract("epoch", jobs.c.ended_at - jobs.c.started_at))
    is_finished = jobs.c.status == JobStatus.FINISHED.value
    counts = sa.or_(jobs.c.ended_at.is_(None), sa.and_(is_finished, jobs.c.ended_at >= today.replace(day=1)))
    query = sa.select(
        own.member_id,
        own.guild_id,
        seconds.filter(is_finished, jobs.c.ended_at >= today).label("day"),
        seconds.filter(is_finished, jobs.c.ended_at >= today.replace(day=1)).label("month"),
        sa.func.sum(own.rate).filter(jobs.c.ended_at.is_(None)).label("open"),
        sa.func.count().filter(jobs.c.operation == Operation.TRAIN.value, counts).label("trainings"),
    ).join(jobs, jobs.c.id == own.job_id)
    return query.where(own.member_id == member_ids).group_by(own.member_id, own.guild_id)


def _spent(rows: Sequence[sa.Row[Any]], estimate: timedelta) -> TimeSpent:
    return TimeSpent(
        day=timedelta(seconds=sum(float(row.day or 0) for row in rows)),
        month=timedelta(seconds=sum(float(row.month or 0) for row in rows)),
        reserved=estimate * sum(int(row.open or 0) for row in rows),
        estimate=estimate,
        trainings=sum(int(row.trainings or 0) for row in rows),
    )


async def charge_jobs(connection: AsyncConnection, charged: Sequence[tuple[Account, Sequence[Job]]]) -> list[None]:
    """Note which accounts the jobs are charged to, but for those that cost nothing; the members' rows are locked.

    What their earlier jobs took is settled, so that this stays little: it is added to their days, and noted no more.
    """
    rows = [
        (job.id, account.member_id, account.guild_id or OUTSIDE_GUILDS, rate)
        for account, of_account in charged
        for job in of_account
        if (rate := RATES[speed_of(job.spec)])
    ]
    names = ("job_ids", "member_ids", "guild_ids", "rates")
    columns = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    settled_ids = list({account.member_id for account, _ in charged})
    await connection.execute(_CHARGE, {"settled_ids": settled_ids, **columns})
    return [None] * len(charged)


async def _read_estimate(connection: AsyncConnection) -> timedelta:
    runs = await read_recent_runs(connection)
    return sum((run.ended - run.began for run in runs), timedelta()) / len(runs) if runs else _FIRST_ESTIMATE
