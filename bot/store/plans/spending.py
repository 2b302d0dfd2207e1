"""GPU time that members use: charged when a job finishes, by how long that took; others cost nothing.

A job's last run counts, so that one that was tried again is charged once, and the day is that on which it finished.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.plans import RATES, TimeSpent
from bot.store.plans.tables import charges, gpu_days
from engine.contract.jobs import Job, speed_of
from engine.store.queue_position import read_recent_runs

OUTSIDE_GUILDS = 0

_FIRST_ESTIMATE = timedelta(seconds=10)
"""How long a job is expected to take before any has finished."""

_SETTLE = sa.text("""
    WITH ended AS (
        DELETE FROM charges USING jobs
        WHERE charges.member_id = ANY (:member_ids) AND jobs.id = charges.job_id AND jobs.ended_at IS NOT NULL
        RETURNING charges.member_id, charges.guild_id, (jobs.ended_at AT TIME ZONE 'UTC')::date AS day, jobs.status,
            charges.rate * extract(epoch FROM jobs.ended_at - jobs.started_at)::double precision AS seconds)
    INSERT INTO gpu_days (member_id, guild_id, day, seconds)
    SELECT member_id, guild_id, day, sum(greatest(seconds, 0)) FROM ended
    WHERE status = 'finished' GROUP BY member_id, guild_id, day ORDER BY member_id, guild_id, day
    ON CONFLICT (member_id, guild_id, day) DO UPDATE SET seconds = gpu_days.seconds + excluded.seconds
""").bindparams(sa.bindparam("member_ids", type_=pg.ARRAY(pg.UUID)))


@dataclass(frozen=True, kw_only=True)
class Account:
    """What a member uses in a guild, None outside guilds; their row is locked."""

    member_id: UUID
    guild_id: int | None


async def settle(connection: AsyncConnection, member_ids: Sequence[UUID]) -> list[None]:
    """Charge what the members' finished jobs took, each once, and forget what failed or was cancelled."""
    await connection.execute(_SETTLE, {"member_ids": list(set(member_ids))})
    return [None] * len(member_ids)


async def read_spent(connection: AsyncConnection, accounts: Sequence[Account]) -> list[TimeSpent]:
    """Return what each account has used, after `settle`, and what its unfinished jobs are expected to use."""
    member_ids = sa.literal(list({account.member_id for account in accounts}), pg.ARRAY(pg.UUID))
    today = datetime.now(UTC).date()
    of_today = sa.func.sum(gpu_days.c.seconds).filter(gpu_days.c.day == today)
    used = sa.select(gpu_days.c.member_id, gpu_days.c.guild_id, of_today, sa.func.sum(gpu_days.c.seconds)).where(
        gpu_days.c.member_id == sa.any_(member_ids), gpu_days.c.day >= today.replace(day=1)
    )
    open_ = sa.select(charges.c.member_id, charges.c.guild_id, sa.func.sum(charges.c.rate)).where(
        charges.c.member_id == sa.any_(member_ids)
    )
    grouped = used.group_by(gpu_days.c.member_id, gpu_days.c.guild_id)
    seconds = {(row[0], row[1]): (row[2] or 0.0, row[3]) for row in await connection.execute(grouped)}
    by_account = open_.group_by(charges.c.member_id, charges.c.guild_id)
    rates = {(row[0], row[1]): int(row[2]) for row in await connection.execute(by_account)}
    estimate = await _read_estimate(connection)
    keys = [(account.member_id, account.guild_id or OUTSIDE_GUILDS) for account in accounts]
    return [
        TimeSpent(
            day=timedelta(seconds=seconds.get(key, (0.0, 0.0))[0]),
            month=timedelta(seconds=seconds.get(key, (0.0, 0.0))[1]),
            reserved=estimate * rates.get(key, 0),
            estimate=estimate,
        )
        for key in keys
    ]


async def charge_jobs(connection: AsyncConnection, charged: Sequence[tuple[Account, Sequence[Job]]]) -> list[None]:
    """Note which accounts the jobs are charged to; those that cost nothing are left out."""
    rows = [
        {
            "job_id": job.id,
            "member_id": account.member_id,
            "guild_id": account.guild_id or OUTSIDE_GUILDS,
            "rate": rate,
        }
        for account, jobs in charged
        for job in jobs
        if (rate := RATES[speed_of(job.spec)])
    ]
    if rows:
        await connection.execute(sa.insert(charges), rows)
    return [None] * len(charged)


async def _read_estimate(connection: AsyncConnection) -> timedelta:
    runs = await read_recent_runs(connection)
    return sum((run.ended - run.began for run in runs), timedelta()) / len(runs) if runs else _FIRST_ESTIMATE
