"""Series: the jobs of one command, told about in one message. They are the grids of one press, stored as deliveries.

The message has no row of its own: until their grids are posted, the deliveries name it as what they reply to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.deliveries import DIRECT_MESSAGE, BotInstance, held_by
from bot.store.eta import read_queue_pace
from bot.store.tables import DeliveryKind, DeliveryState, deliveries
from engine.contract.jobs import FINAL, Job
from engine.store.jobs import PENDING, job_from_row
from engine.store.queue_position import read_queue_positions
from engine.store.tables import jobs

_UNDELIVERED = sa.and_(deliveries.c.state == DeliveryState.OPEN.value, deliveries.c.message_id.is_(None))


@dataclass(frozen=True, kw_only=True)
class Series:
    """The state of a series.

    jobs: in the order in which they are painted.
    waiting: those that are not painted yet.
    wait: estimated time until the last of them is finished; None if unknown or none waits.
    message_id: of the message that tells about it; None until that is posted.
    """

    jobs: tuple[Job, ...]
    waiting: frozenset[UUID]
    wait: timedelta | None
    message_id: int | None = None

    @property
    def is_over(self) -> bool:
        """Whether every job has ended."""
        return all(job.status in FINAL for job in self.jobs)


async def read_series(connection: AsyncConnection, press_id: str) -> Series:
    """Return the series of the press; it has no jobs if the press does not exist."""
    query: sa.Select[Any] = (
        sa.select(*jobs.c, sa.case((_UNDELIVERED, deliveries.c.reply_to)).label("series_message"))
        .join(deliveries, deliveries.c.job_id == jobs.c.id)
        .where(deliveries.c.press_id == press_id, deliveries.c.kind == DeliveryKind.GRID.value)
        .order_by(deliveries.c.ordinal)
    )
    rows = (await connection.execute(query)).all()
    of_series = tuple(job_from_row(row) for row in rows)
    pending = [job.id for job in of_series if job.status not in FINAL]
    places = await read_queue_positions(connection, pending) if pending else {}
    wait = (await read_queue_pace(connection)).wait(max(places.values())) if places else None
    message_ids = [row.series_message for row in rows if row.series_message is not None]
    return Series(
        jobs=of_series,
        waiting=frozenset(places),
        wait=wait,
        message_id=message_ids[-1] if message_ids else None,
    )


async def is_series_over(connection: AsyncConnection, press_id: str) -> bool:
    """Return whether every job of the press has ended."""
    pending = sa.select(jobs.c.id).join(deliveries, deliveries.c.job_id == jobs.c.id)
    query = sa.select(sa.exists(pending.where(deliveries.c.press_id == press_id, PENDING)))
    return not (await connection.execute(query)).scalar_one()


async def read_series_jobs(connection: AsyncConnection, job_ids: Sequence[UUID]) -> list[tuple[UUID, ...]]:
    """Return for each job the jobs of its series, in order; the job alone where it is in none."""
    named, siblings = deliveries.alias(), deliveries.alias()
    query = (
        sa.select(named.c.job_id.label("named"), siblings.c.job_id)
        .join(siblings, siblings.c.press_id == named.c.press_id)
        .where(
            named.c.job_id == sa.any_(sa.literal(list(set(job_ids)), pg.ARRAY(pg.UUID))),
            named.c.kind == DeliveryKind.GRID.value,
            siblings.c.kind == DeliveryKind.GRID.value,
        )
        .order_by(siblings.c.ordinal)
    )
    found: dict[UUID, list[UUID]] = {}
    for row in await connection.execute(query):
        found.setdefault(row.named, []).append(row.job_id)
    return [tuple(found.get(job_id, [job_id])) for job_id in job_ids]


async def holds_series(connection: AsyncConnection, press_id: str, instance: BotInstance) -> bool:
    """Return whether the process holds an open delivery of the series."""
    query = sa.select(sa.exists().where(deliveries.c.press_id == press_id, *held_by(instance)))
    return bool((await connection.execute(query)).scalar_one())


async def store_series_message(
    connection: AsyncConnection, press_id: str, message_id: int | None, instance: BotInstance
) -> bool:
    """Store the id of the message that tells about the series, or that it has none any more.

    False if the process no longer holds a delivery of the series; it changes only those that it holds.
    """
    return await _change(connection, press_id, instance, _UNDELIVERED, {"reply_to": message_id})


async def move_series(connection: AsyncConnection, press_id: str, channel_id: int, instance: BotInstance) -> bool:
    """Move what is not delivered to another channel, where the series has no message yet.

    False as for `store_series_message`.
    """
    is_moved = sa.and_(_UNDELIVERED, deliveries.c.moved_from.is_(None))
    moved = {
        "moved_from": deliveries.c.channel_id,
        "channel_id": channel_id,
        "reply_to": None,
        "token": None,
        "token_expires_at": None,
        **DIRECT_MESSAGE,
    }
    return await _change(connection, press_id, instance, is_moved, moved)


async def _change(
    connection: AsyncConnection,
    press_id: str,
    instance: BotInstance,
    which: sa.ColumnElement[bool],
    values: Mapping[str, Any],
) -> bool:
    """Change `which` of the deliveries of the series that the process holds; False if it holds none."""
    held = sa.select(deliveries.c.id).where(deliveries.c.press_id == press_id, *held_by(instance))
    # In the order in which renewing claims locks them.
    ids = (await connection.execute(held.order_by(deliveries.c.id).with_for_update())).scalars().all()
    if ids:
        await connection.execute(sa.update(deliveries).where(deliveries.c.id.in_(ids), which).values(values))
    return bool(ids)
