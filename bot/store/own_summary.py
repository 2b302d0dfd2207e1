"""What `/info` shows of one member: their unfinished jobs, their GPU time, and how much they have made and rated.

Each part is read from the front of an index, so that it costs little however many jobs there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.plans import BUILT_IN, Plan, TimeSpent
from bot.store.eta import QueuePace, read_queue_pace
from bot.store.plans.reading import read_plans
from bot.store.plans.spending import Account, read_spent
from bot.store.tables import DeliveryKind, deliveries, members
from engine.contract.feedback import Verb
from engine.contract.jobs import JobStatus
from engine.feedback.store.tables import actions
from engine.store.jobs import PENDING
from engine.store.queue_position import read_queue_positions
from engine.store.tables import jobs, pictures

MOST_COUNTED = 2_000
"""From which number on there is no counting."""

_VOTES = sorted(verb.value for verb in (Verb.RATE, Verb.CHOOSE, Verb.BEST, Verb.FAVOURITE))


@dataclass(frozen=True, kw_only=True)
class OwnJob:
    """An unfinished job; `num_ahead` is None while it is painted or held. Its message may not be posted yet."""

    prompt: str
    status: JobStatus
    progress: float
    num_ahead: int | None
    wait: timedelta | None
    guild_id: int | None
    channel_id: int
    message_id: int | None


@dataclass(frozen=True, kw_only=True)
class OwnSummary:
    """What there is of a member, in the guild where they ask as far as that matters; all of it may be nothing.

    jobs: the first unfinished ones, in the order in which they are painted, wherever they were asked for.
    num_running, num_waiting: how many are being painted; those that an engine has only taken wait, too.
    num_jobs, num_pictures, num_votes: at most `MOST_COUNTED`, which means so many or more.
    """

    plan: Plan = BUILT_IN
    spent: TimeSpent = field(default_factory=TimeSpent)
    jobs: tuple[OwnJob, ...] = ()
    num_running: int = 0
    num_waiting: int = 0
    num_jobs: int = 0
    num_pictures: int = 0
    num_votes: int = 0
    pace: QueuePace = field(default_factory=QueuePace)


async def read_own_summary(
    connection: AsyncConnection, discord_id: int, guild_id: int | None, role_ids: Sequence[int], *, limit: int
) -> OwnSummary:
    """Return the summary, with at most `limit` jobs; whoever has never done anything stays unknown."""
    (plans,) = await read_plans(connection, [guild_id])
    plan, pace = plans.plan_of(role_ids), await read_queue_pace(connection)
    known = await connection.execute(sa.select(members.c.id).where(members.c.discord_id == discord_id))
    member_id = known.scalar_one_or_none()
    if member_id is None:
        return OwnSummary(plan=plan, pace=pace)
    (spent,) = await read_spent(
        connection, [Account(member_id=member_id, guild_id=guild_id if plans.has(plan) else None)]
    )
    is_begun = (jobs.c.status == JobStatus.RUNNING.value) & (jobs.c.progress > 0)
    counted = sa.select(is_begun, sa.func.count()).where(jobs.c.member_id == member_id, PENDING).group_by(is_begun)
    pending = {row[0]: int(row[1]) for row in await connection.execute(counted)}
    own_jobs = sa.select(jobs.c.id).where(jobs.c.member_id == member_id)
    votes = sa.select(actions.c.press_id).where(actions.c.member_id == member_id, actions.c.verb.in_(_VOTES))
    own_pictures = sa.select(pictures.c.id).join(jobs, jobs.c.id == pictures.c.job_id)
    return OwnSummary(
        plan=plan,
        spent=spent,
        jobs=await _read_jobs(connection, member_id, pace, limit) if pending else (),
        num_running=pending.get(True, 0),
        num_waiting=pending.get(False, 0),
        num_jobs=await _count(connection, own_jobs),
        num_pictures=await _count(connection, own_pictures.where(jobs.c.member_id == member_id)),
        num_votes=await _count(connection, votes),
        pace=pace,
    )


async def _read_jobs(connection: AsyncConnection, member_id: UUID, pace: QueuePace, limit: int) -> tuple[OwnJob, ...]:
    is_waiting, is_unbegun = jobs.c.status == JobStatus.WAITING.value, jobs.c.progress == 0
    query = (
        sa.select(
            jobs.c.id,
            jobs.c.status,
            jobs.c.progress,
            jobs.c.spec["prompt"].astext.label("prompt"),
            deliveries.c.guild_id,
            deliveries.c.channel_id,
            # A job of a series has the message of the series until its grid is posted.
            sa.func.coalesce(deliveries.c.message_id, deliveries.c.reply_to).label("message_id"),
        )
        .join(deliveries, (deliveries.c.job_id == jobs.c.id) & (deliveries.c.kind == DeliveryKind.GRID.value))
        .where(jobs.c.member_id == member_id, PENDING)
        .order_by(is_unbegun, is_waiting, jobs.c.turn, jobs.c.id)
        .limit(limit)
    )
    rows = (await connection.execute(query)).all()
    places = await read_queue_positions(connection, [row.id for row in rows])
    return tuple(
        OwnJob(
            prompt=row.prompt,
            status=JobStatus(row.status),
            progress=row.progress,
            num_ahead=(ahead := places.get(row.id)),
            wait=None if ahead is None else pace.wait(ahead),
            guild_id=row.guild_id,
            channel_id=row.channel_id,
            message_id=row.message_id,
        )
        for row in rows
    )


async def _count(connection: AsyncConnection, query: sa.Select[tuple[object]]) -> int:
    counted = sa.select(sa.func.count()).select_from(query.limit(MOST_COUNTED).subquery())
    return int((await connection.execute(counted)).scalar_one())
