"""A guild's jobs in quarantine, which those who manage it let run again or give up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.pauses import check_pause
from bot.store.guild_queue import find_paused
from bot.store.quarantine import retry_quarantined
from bot.store.tables import DeliveryKind, deliveries, members
from engine.store.jobs import LISTED_PROMPT
from engine.store.quarantine import IS_QUARANTINED, give_up_jobs
from engine.store.tables import jobs

_KEPT_IN_VIEW = timedelta(days=30)
_OF_GUILD = deliveries.join(jobs, jobs.c.id == deliveries.c.job_id)


@dataclass(frozen=True, kw_only=True)
class FailedJob:
    """A job in quarantine, and what it failed of."""

    id: UUID
    discord_id: int
    prompt: str
    cause: Mapping[str, Any]
    ended_at: datetime


async def read_guild_quarantine(connection: AsyncConnection, guild_id: int, *, limit: int) -> tuple[FailedJob, ...]:
    """Return the guild's jobs that were the last to fail within a month, the latest first."""
    query = (
        sa.select(jobs.c.id, jobs.c.cause, jobs.c.ended_at, LISTED_PROMPT.label("prompt"), members.c.discord_id)
        .select_from(_OF_GUILD.join(members, members.c.id == deliveries.c.member_id))
        .where(IS_QUARANTINED, jobs.c.ended_at > sa.func.now() - _KEPT_IN_VIEW, *_is_in(guild_id))
        .order_by(jobs.c.ended_at.desc(), jobs.c.id)
        .limit(limit)
    )
    return tuple(FailedJob(**row._mapping) for row in await connection.execute(query))


async def retry_in_guild(connection: AsyncConnection, guild_id: int, job_id: UUID) -> bool:
    """Let the job run again; False if it is not one of the guild's in quarantine.

    Raises: GuildPaused.
    """
    (is_paused,) = await find_paused(connection, [guild_id])
    check_pause(is_paused=is_paused)
    return await _is_of_guild(connection, guild_id, job_id) and bool(await retry_quarantined(connection, [job_id]))


async def give_up_in_guild(connection: AsyncConnection, guild_id: int, job_id: UUID) -> bool:
    """Take the job out of quarantine for good; False if it is not one of the guild's there."""
    return await _is_of_guild(connection, guild_id, job_id) and bool(await give_up_jobs(connection, [job_id]))


async def _is_of_guild(connection: AsyncConnection, guild_id: int, job_id: UUID) -> bool:
    query = sa.select(sa.exists().where(deliveries.c.job_id == job_id, *_is_in(guild_id)))
    return bool((await connection.execute(query)).scalar_one())


def _is_in(guild_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return deliveries.c.guild_id == guild_id, deliveries.c.kind == DeliveryKind.GRID.value
