"""Deliveries in Postgres: adding, claiming, and the legal changes of their state.

A claim is a lease: one process at a time works on an open delivery, and when it dies another takes over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.interaction import Token
from bot.store.tables import DeliveryState, Kind, deliveries, members


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Where the answer to one press goes.

    discord_id: whom the message names.
    picture_id: None for a grid.
    moved_from: the channel that refused the message, once it went to a direct message instead; None before.
    reply_to: the message it answers; None for a command.
    message_id: None until the message is known to exist.
    token: None where it is not the interaction's own answer.
    """

    id: UUID
    kind: Kind
    job_id: UUID
    picture_id: UUID | None
    member_id: UUID
    discord_id: int
    press_id: str
    ordinal: int
    channel_id: int
    moved_from: int | None
    reply_to: int | None
    message_id: int | None
    token: Token | None
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Claimant:
    """A bot process, by a name of its own, and how long what it claims is its alone without renewal."""

    id: UUID
    lease: timedelta


async def add_deliveries(connection: AsyncConnection, added: Iterable[Delivery], claimant: Claimant) -> None:
    """Store the deliveries, claimed."""
    rows = [_row_from_delivery(delivery) for delivery in added]
    await connection.execute(sa.insert(deliveries).values(_claim(claimant)), rows)


async def is_answered(connection: AsyncConnection, press_id: str) -> bool:
    """Return whether the press already has a delivery."""
    query = sa.select(sa.exists().where(deliveries.c.press_id == press_id))
    return bool((await connection.execute(query)).scalar_one())


async def claim_deliveries(connection: AsyncConnection, claimant: Claimant, *, limit: int) -> tuple[Delivery, ...]:
    """Claim open deliveries that no other process holds, oldest first; no two processes get the same one.

    What the process has claimed itself is not among them: its answer may be on its way.
    """
    others = deliveries.c.claimed_by.is_distinct_from(claimant.id)
    free = sa.or_(deliveries.c.claimed_until.is_(None), deliveries.c.claimed_until < sa.func.now())
    chosen = (
        sa.select(deliveries.c.id)
        .where(deliveries.c.state == DeliveryState.OPEN.value, free, others)
        .order_by(deliveries.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = sa.update(deliveries).where(deliveries.c.id.in_(chosen)).values(_claim(claimant))
    ids = (await connection.execute(claimed.returning(deliveries.c.id))).scalars().all()
    return await read_deliveries(connection, ids) if ids else ()


async def read_deliveries(connection: AsyncConnection, ids: Collection[UUID]) -> tuple[Delivery, ...]:
    """Return those of the deliveries that there are, oldest first."""
    listed = sa.literal(list(ids), pg.ARRAY(pg.UUID))
    query = sa.select(deliveries, members.c.discord_id).join(members).where(deliveries.c.id == sa.any_(listed))
    return tuple(_deliveries_from_rows(await connection.execute(query.order_by(deliveries.c.id))))


async def renew_claims(connection: AsyncConnection, claimant: Claimant) -> frozenset[UUID]:
    """Extend every claim the process still holds, and return which those are."""
    held = sa.update(deliveries).where(*_held_by(claimant)).values(_claim(claimant)).returning(deliveries.c.id)
    return frozenset((await connection.execute(held)).scalars())


async def renew_claim(connection: AsyncConnection, delivery_id: UUID, claimant: Claimant) -> bool:
    """Extend the process's claim on one open delivery; False when it is another's by now, or ended."""
    query = sa.update(deliveries).where(deliveries.c.id == delivery_id, *_held_by(claimant))
    return bool((await connection.execute(query.values(_claim(claimant)))).rowcount)


async def release_claims(connection: AsyncConnection, claimant: Claimant) -> None:
    """Let go of every claim of the process, so that another may take over at once."""
    query = sa.update(deliveries).where(*_held_by(claimant))
    await connection.execute(query.values(claimed_by=None, claimed_until=None))


async def keep_message(connection: AsyncConnection, delivery_id: UUID, message_id: int) -> None:
    """Remember the message that shows the delivery."""
    query = sa.update(deliveries).where(deliveries.c.id == delivery_id, deliveries.c.message_id.is_(None))
    await connection.execute(query.values(message_id=message_id))


async def move_delivery(connection: AsyncConnection, delivery_id: UUID, channel_id: int) -> None:
    """Send the delivery to another channel, where it has no message yet."""
    query = sa.update(deliveries).where(deliveries.c.id == delivery_id)
    await connection.execute(
        query.values(
            moved_from=deliveries.c.channel_id,
            channel_id=channel_id,
            message_id=None,
            reply_to=None,
            token=None,
            token_expires_at=None,
        )
    )


async def close_delivery(
    connection: AsyncConnection, delivery_id: UUID, state: DeliveryState, *, cause: str | None = None
) -> bool:
    """End an open delivery and forget its token; False when it had already ended."""
    query = sa.update(deliveries).where(deliveries.c.id == delivery_id, deliveries.c.state == DeliveryState.OPEN.value)
    ended = query.values(
        state=state.value,
        cause=cause,
        closed_at=sa.func.now(),
        token=None,
        token_expires_at=None,
        claimed_by=None,
        claimed_until=None,
    )
    return bool((await connection.execute(ended)).rowcount)


async def find_known_messages(connection: AsyncConnection, message_ids: Collection[int]) -> frozenset[int]:
    """Return those of the messages that already show some delivery."""
    listed = sa.literal(list(message_ids), pg.ARRAY(sa.BigInteger))
    query = sa.select(deliveries.c.message_id).where(deliveries.c.message_id == sa.any_(listed))
    return frozenset((await connection.execute(query)).scalars())


def _claim(claimant: Claimant) -> dict[str, Any]:
    # now() is when the transaction began: after a slow one the claim would have lapsed before it was made.
    return {"claimed_by": claimant.id, "claimed_until": sa.func.clock_timestamp() + claimant.lease}


def _held_by(claimant: Claimant) -> tuple[sa.ColumnElement[bool], ...]:
    return deliveries.c.claimed_by == claimant.id, deliveries.c.state == DeliveryState.OPEN.value


def _deliveries_from_rows(rows: Iterable[sa.Row[Any]]) -> Iterable[Delivery]:
    for row in rows:
        yield Delivery(
            id=row.id,
            kind=Kind(row.kind),
            job_id=row.job_id,
            picture_id=row.picture_id,
            member_id=row.member_id,
            discord_id=row.discord_id,
            press_id=row.press_id,
            ordinal=row.ordinal,
            channel_id=row.channel_id,
            moved_from=row.moved_from,
            reply_to=row.reply_to,
            message_id=row.message_id,
            token=Token(text=row.token, expires_at=row.token_expires_at) if row.token else None,
            created_at=row.created_at,
        )


def _row_from_delivery(delivery: Delivery) -> dict[str, Any]:
    token = delivery.token
    return {
        "id": delivery.id,
        "kind": delivery.kind.value,
        "job_id": delivery.job_id,
        "picture_id": delivery.picture_id,
        "member_id": delivery.member_id,
        "press_id": delivery.press_id,
        "ordinal": delivery.ordinal,
        "channel_id": delivery.channel_id,
        "reply_to": delivery.reply_to,
        "token": token.text if token else None,
        "token_expires_at": token.expires_at if token else None,
        "created_at": delivery.created_at,
    }
