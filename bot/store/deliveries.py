"""Deliveries in Postgres: adding, claiming, and the legal changes of their state.

A claim is a lease: one process at a time works on an open delivery, and another takes over if it dies. Every change
names the process that makes it, so that one whose claim was taken over changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.interaction import InteractionToken
from bot.store.tables import DeliveryForm, DeliveryKind, DeliveryState, deliveries, members
from engine.contract.feedback import Surface

_NO_TOKEN = MappingProxyType({"token": None, "token_expires_at": None})
_read_directly = sa.func.coalesce(deliveries.c.direct_language, deliveries.c.language)
DIRECT_MESSAGE = MappingProxyType({"form": DeliveryForm.MESSAGE.value, "language": _read_directly})
_NO_CLAIM = MappingProxyType({"claimed_by": None, "claimed_until": None})

_is_fresh = deliveries.c.token_expires_at > sa.func.now()
_FRESH_TOKEN = {name: sa.case((_is_fresh, deliveries.c[name])) for name in ("token", "token_expires_at")}

_second = deliveries.alias()
_IN_SERIES = sa.exists().where(_second.c.press_id == deliveries.c.press_id, _second.c.ordinal == 1)
_SELECT = sa.select(deliveries, members.c.discord_id, _IN_SERIES.label("is_in_series")).join(members)

# Executed for every press, so built once.
_ANSWERED = sa.select(deliveries.c.press_id).where(
    deliveries.c.press_id == sa.any_(sa.bindparam("press_ids", type_=pg.ARRAY(sa.Text)))
)
# What the member alone sees is gone from their screen when they open Discord again.
_LASTS = sa.and_(deliveries.c.state == DeliveryState.DELIVERED.value, deliveries.c.form != DeliveryForm.EPHEMERAL.value)
_STANDING = _SELECT.where(
    deliveries.c.picture_id == sa.any_(sa.bindparam("picture_ids", type_=pg.ARRAY(pg.UUID))),
    deliveries.c.member_id == sa.any_(sa.bindparam("member_ids", type_=pg.ARRAY(pg.UUID))),
    sa.or_(deliveries.c.state == DeliveryState.OPEN.value, _LASTS),
)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Where the answer to one interaction goes.

    discord_id: the user that the message mentions.
    picture_id: None for a grid.
    moved_from: the channel that rejected the message, if it was moved to a direct message.
    reply_to: the message it answers; None for a command.
    message_id: None until the message is posted.
    token: None unless the message is the interaction's own response.
    form: whether the message is the bot's own, or one that only the token can change. language: of the message.
    direct_language: of direct messages to the member; None in deliveries of older releases.
    surface, is_nsfw_channel: where the message is; None in deliveries of older releases.
    guild_id: where it was asked for; None outside guilds.
    is_in_series: whether the same command asked for other jobs as well; until it is posted, `reply_to` is the message
        that tells about all of them.
    """

    id: UUID
    kind: DeliveryKind
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
    token: InteractionToken | None
    created_at: datetime
    surface: Surface | None = None
    is_nsfw_channel: bool | None = None
    is_in_series: bool = False
    guild_id: int | None = None
    form: DeliveryForm = DeliveryForm.MESSAGE
    language: str = "en"
    direct_language: str | None = None


@dataclass(frozen=True, kw_only=True)
class SinglePicture:
    """One picture as a message of its own: whose press asks for it, and in which channel."""

    picture_id: UUID
    member_id: UUID
    channel_id: int


@dataclass(frozen=True, kw_only=True)
class BotInstance:
    """A bot process, by an id of its own, and how long its claims last without renewal."""

    id: UUID
    lease: timedelta


async def add_deliveries(connection: AsyncConnection, added: Iterable[Delivery], instance: BotInstance) -> None:
    """Store the deliveries, claimed by the process."""
    rows = [_row_from_delivery(delivery) for delivery in added]
    await connection.execute(sa.insert(deliveries).values(_claim(instance)), rows)


async def demote_grids(connection: AsyncConnection, job_ids: Sequence[UUID]) -> None:
    """Make room for other deliveries of the jobs to be those of their grids, by which others find them."""
    grids = sa.update(deliveries).where(deliveries.c.job_id.in_(job_ids), deliveries.c.kind == DeliveryKind.GRID.value)
    await connection.execute(grids.values(kind=DeliveryKind.AGAIN.value))


async def find_answered(connection: AsyncConnection, press_ids: Sequence[str]) -> list[bool]:
    """Return whether each press already has a delivery."""
    answered = set((await connection.execute(_ANSWERED, {"press_ids": list(press_ids)})).scalars())
    return [press_id in answered for press_id in press_ids]


async def find_single_pictures(connection: AsyncConnection, wanted: Sequence[SinglePicture]) -> list[Delivery | None]:
    """Return for each the newest delivery that shows it or will; None where there is none."""
    asked = {"picture_ids": [one.picture_id for one in wanted], "member_ids": [one.member_id for one in wanted]}
    found: dict[SinglePicture, Delivery] = {}
    for delivery in _deliveries_from_rows(await connection.execute(_STANDING, asked)):
        assert delivery.picture_id is not None
        channel_id = delivery.moved_from or delivery.channel_id
        of = SinglePicture(picture_id=delivery.picture_id, member_id=delivery.member_id, channel_id=channel_id)
        found[of] = delivery
    return [found.get(one) for one in wanted]


async def claim_deliveries(connection: AsyncConnection, instance: BotInstance, *, limit: int) -> tuple[Delivery, ...]:
    """Claim the open deliveries of up to `limit` presses, oldest first; no two processes get deliveries of one press.

    The claim on the first open delivery of a press counts for the others: a series has one message, which one process
    keeps up to date. Those that it has claimed itself are left out: their answer may be under way.
    """
    is_open = deliveries.c.state == DeliveryState.OPEN.value
    others = deliveries.c.claimed_by.is_distinct_from(instance.id)
    free = sa.or_(deliveries.c.claimed_until.is_(None), deliveries.c.claimed_until < sa.func.now())
    earlier = deliveries.alias()
    has_earlier = sa.exists().where(
        earlier.c.press_id == deliveries.c.press_id,
        earlier.c.ordinal < deliveries.c.ordinal,
        earlier.c.state == DeliveryState.OPEN.value,
    )
    chosen = (
        sa.select(deliveries.c.press_id)
        .where(is_open, free, others, ~has_earlier)
        .order_by(deliveries.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("chosen")
    )
    claimed = (
        sa.update(deliveries).where(deliveries.c.press_id.in_(sa.select(chosen)), is_open).values(_claim(instance))
    )
    ids = (await connection.execute(claimed.returning(deliveries.c.id))).scalars().all()
    return await read_deliveries(connection, ids) if ids else ()


async def read_deliveries(connection: AsyncConnection, ids: Collection[UUID]) -> tuple[Delivery, ...]:
    """Return the deliveries that exist, oldest first."""
    listed = sa.literal(list(ids), pg.ARRAY(pg.UUID))
    query = _SELECT.where(deliveries.c.id == sa.any_(listed))
    return tuple(_deliveries_from_rows(await connection.execute(query.order_by(deliveries.c.id))))


async def renew_claims(connection: AsyncConnection, instance: BotInstance) -> frozenset[UUID]:
    """Renew every claim that the process still holds, and return their deliveries' ids; expired tokens are deleted."""
    # Locked in order: other transactions change several deliveries of a series at a time.
    held = sa.select(deliveries.c.id).where(*held_by(instance)).order_by(deliveries.c.id).with_for_update().cte("held")
    renewed = sa.update(deliveries).where(deliveries.c.id == held.c.id).values(_claim(instance) | _FRESH_TOKEN)
    return frozenset((await connection.execute(renewed.returning(deliveries.c.id))).scalars())


async def renew_claim(connection: AsyncConnection, delivery_id: UUID, instance: BotInstance) -> bool:
    """Renew the process's claim on one open delivery; False if another process has claimed it or it is closed."""
    return await _change(connection, delivery_id, instance, _claim(instance))


async def release_claims(connection: AsyncConnection, instance: BotInstance) -> None:
    """Release every claim of the process, so that another can take over at once."""
    query = sa.update(deliveries).where(*held_by(instance))
    await connection.execute(query.values(_NO_CLAIM))


async def store_message_id(
    connection: AsyncConnection, delivery_id: UUID, message_id: int, instance: BotInstance
) -> bool:
    """Store the id of the delivery's message unless it has one; False if the process no longer holds the delivery."""
    known = sa.func.coalesce(deliveries.c.message_id, message_id)
    return await _change(connection, delivery_id, instance, {"message_id": known})


async def forget_message(connection: AsyncConnection, delivery_id: UUID, instance: BotInstance) -> bool:
    """Forget the delivery's message, so that another one is posted in its place; False as for `store_message_id`."""
    return await _change(connection, delivery_id, instance, {"message_id": None})


async def move_delivery(connection: AsyncConnection, delivery_id: UUID, channel_id: int, instance: BotInstance) -> bool:
    """Move the delivery to another channel, where it has no message yet; False as for `store_message_id`."""
    moved = {"moved_from": deliveries.c.channel_id, "channel_id": channel_id, "message_id": None, "reply_to": None}
    return await _change(connection, delivery_id, instance, {**moved, **_NO_TOKEN, **DIRECT_MESSAGE})


async def close_delivery(
    connection: AsyncConnection,
    delivery_id: UUID,
    state: DeliveryState,
    instance: BotInstance,
    *,
    cause: str | None = None,
) -> bool:
    """Close the delivery and delete its token; False if it was already closed, or as for `store_message_id`."""
    closed = {"state": state.value, "cause": cause, "closed_at": sa.func.now()}
    return await _change(connection, delivery_id, instance, {**closed, **_NO_TOKEN, **_NO_CLAIM})


async def find_known_messages(connection: AsyncConnection, message_ids: Collection[int]) -> frozenset[int]:
    """Return those of the messages that belong to a delivery."""
    listed = sa.literal(list(message_ids), pg.ARRAY(sa.BigInteger))
    query = sa.select(deliveries.c.message_id).where(deliveries.c.message_id == sa.any_(listed))
    return frozenset((await connection.execute(query)).scalars())


def held_by(instance: BotInstance) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions for an open delivery that the process holds."""
    return deliveries.c.claimed_by == instance.id, deliveries.c.state == DeliveryState.OPEN.value


def _claim(instance: BotInstance) -> dict[str, Any]:
    # now() is when the transaction began: after a slow one the claim would have lapsed before it was made.
    return {"claimed_by": instance.id, "claimed_until": sa.func.clock_timestamp() + instance.lease}


async def _change(
    connection: AsyncConnection, delivery_id: UUID, instance: BotInstance, values: Mapping[str, Any]
) -> bool:
    """Change an open delivery, if the process holds it."""
    query = sa.update(deliveries).where(deliveries.c.id == delivery_id, *held_by(instance))
    return bool((await connection.execute(query.values(values))).rowcount)


def _deliveries_from_rows(rows: Iterable[sa.Row[Any]]) -> Iterable[Delivery]:
    for row in rows:
        yield Delivery(
            id=row.id,
            kind=DeliveryKind(row.kind),
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
            token=InteractionToken(text=row.token, expires_at=row.token_expires_at) if row.token else None,
            created_at=row.created_at,
            surface=Surface(row.surface) if row.surface else None,
            is_nsfw_channel=row.is_nsfw_channel,
            is_in_series=row.is_in_series,
            guild_id=row.guild_id,
            form=DeliveryForm(row.form),
            language=row.language,
            direct_language=row.direct_language,
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
        "surface": delivery.surface and delivery.surface.value,
        "is_nsfw_channel": delivery.is_nsfw_channel,
        "guild_id": delivery.guild_id,
        "form": delivery.form.value,
        "language": delivery.language,
        "direct_language": delivery.direct_language,
    }
