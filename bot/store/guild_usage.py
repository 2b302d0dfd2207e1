"""What the members of a guild have used there: jobs, pictures and the time that engines spent on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import DeliveryKind, deliveries, members
from engine.store.tables import jobs, pictures


@dataclass(frozen=True, kw_only=True)
class GuildMemberUsage:
    """What one member has used. engine_time: from the start of each job to its end, also of those that failed."""

    discord_id: int
    num_jobs: int
    num_pictures: int
    engine_time: timedelta


@dataclass(frozen=True, kw_only=True)
class GuildUsage:
    """What a guild has used: a page of its members, most engine time first, and the sums over all of them."""

    members: tuple[GuildMemberUsage, ...]
    num_members: int
    num_jobs: int
    num_pictures: int
    engine_time: timedelta


async def read_guild_usage(
    connection: AsyncConnection, guild_id: int, *, within: timedelta, offset: int, limit: int
) -> GuildUsage:
    """Return what members of the guild have asked for there in the time until now, read through its index.

    Jobs that wait or are painted count as jobs, with no time yet.
    """
    of_guild = (
        deliveries.c.guild_id == guild_id,
        deliveries.c.kind == DeliveryKind.GRID.value,
        deliveries.c.created_at > sa.func.now() - within,
    )
    painted = sa.select(sa.func.count()).where(pictures.c.job_id == jobs.c.id).scalar_subquery()
    seconds = sa.func.coalesce(sa.func.sum(jobs.c.ended_at - jobs.c.started_at), timedelta())
    by_member = (
        sa.select(
            deliveries.c.member_id,
            sa.func.count().label("num_jobs"),
            sa.func.sum(painted).label("num_pictures"),
            seconds.label("engine_time"),
        )
        .select_from(deliveries.join(jobs, jobs.c.id == deliveries.c.job_id))
        .where(*of_guild)
        .group_by(deliveries.c.member_id)
    ).cte("by_member")
    sums = (sa.func.count(), *(sa.func.sum(by_member.c[name]) for name in ("num_jobs", "num_pictures", "engine_time")))
    whole = sa.select(*(one.over().label(f"whole_{at}") for at, one in enumerate(sums)), by_member).subquery()
    query = sa.select(whole, members.c.discord_id).join(members, members.c.id == whole.c.member_id)
    order = (whole.c.engine_time.desc(), whole.c.num_jobs.desc(), whole.c.member_id)
    rows = (await connection.execute(query.order_by(*order).offset(offset).limit(limit))).all()
    first = rows[0] if rows else None
    return GuildUsage(
        members=tuple(
            GuildMemberUsage(
                discord_id=row.discord_id,
                num_jobs=row.num_jobs,
                num_pictures=int(row.num_pictures),
                engine_time=row.engine_time,
            )
            for row in rows
        ),
        num_members=first.whole_0 if first else 0,
        num_jobs=int(first.whole_1) if first else 0,
        num_pictures=int(first.whole_2) if first else 0,
        engine_time=first.whole_3 if first else timedelta(),
    )
