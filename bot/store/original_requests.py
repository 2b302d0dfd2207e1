"""Who wants the originals of a result by direct message: one row for each member and result, so that they get it once.

They react with an envelope, or prefer it so for what they start.

A claim is a lease: another process takes over from one that died.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.pictures import Showing
from bot.policy.preferences import WANTED, DirectMessages, preferences_from_json
from bot.policy.removals import check_shown
from bot.policy.restrictions import GuildRestriction, check_unrestricted
from bot.policy.visibility import check_may_see
from bot.store.deliveries import Delivery, read_deliveries
from bot.store.members import Member, lock_members
from bot.store.moderation.members import MemberInGuild, find_restrictions
from bot.store.moderation.picture_rules import read_showing, where_of_delivery
from bot.store.moderation.removals import JobInGuild, find_removals
from bot.store.preferences import stop_direct_messages
from bot.store.tables import DeliveryKind, deliveries, members
from engine.contract.errors import PictureUnknown
from engine.contract.feedback import Surface
from engine.contract.ids import new_id
from engine.contract.jobs import Job, Picture
from engine.store.jobs import read_jobs_with_pictures
from engine.store.tables import check_one_of, metadata

_SLOT = sa.text("coalesce(slot, '-1'::integer)")
_CLAIM_LASTS = timedelta(minutes=2)
_preferred = members.c.preferences["direct_messages"].astext
_LONG = sa.literal(timedelta(minutes=1), sa.Interval)


class OriginalsState(StrEnum):
    """What became of a request.

    waiting: to be sent. sent: the member has it. closed: they take no direct messages; asking again tries again.
    lost: the files are missing.
    """

    WAITING = "waiting"
    SENT = "sent"
    CLOSED = "closed"
    LOST = "lost"


class RequestPurpose(StrEnum):
    """What a request is for.

    reaction: the member has asked for this result. preference: they want each.
    turned_off: to tell them that this ended, because they take no direct messages.
    """

    REACTION = "reaction"
    PREFERENCE = "preference"
    TURNED_OFF = "turned_off"


original_requests = sa.Table(
    "original_requests",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("member_id", pg.UUID, sa.ForeignKey("members.id", ondelete="CASCADE"), nullable=False),
    sa.Column("job_id", pg.UUID, sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    sa.Column("slot", sa.SmallInteger, comment="which picture; all for none"),
    sa.Column("guild_id", sa.BigInteger),
    sa.Column("channel_id", sa.BigInteger, nullable=False),
    sa.Column("message_id", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default=OriginalsState.WAITING.value),
    sa.Column(
        "is_told",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        comment="whether the member knows that they take no direct messages",
    ),
    sa.Column("claimed_until", sa.TIMESTAMP(timezone=True)),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.text("now()")),
    sa.Column("purpose", sa.Text, nullable=False, server_default=RequestPurpose.REACTION.value),
    check_one_of("state", OriginalsState),
    check_one_of("purpose", RequestPurpose),
    sa.CheckConstraint("slot BETWEEN 0 AND 3", name="slot"),
    sa.Index("original_requests_once_idx", "member_id", "job_id", _SLOT, unique=True),
    sa.Index("original_requests_waiting_idx", "id", postgresql_where=sa.text("state = 'waiting'")),
    sa.Index(None, "job_id"),
    comment="results that members want by direct message, as they say with a reaction or in their preferences",
)


@dataclass(frozen=True, kw_only=True)
class OriginalsRequest:
    """What a member wants: the pictures of the job, and the message that shows them, in its language.

    is_told: whether they know that they take no direct messages.
    is_preferred: whether they still want results that they have not asked for.
    """

    id: UUID
    purpose: RequestPurpose
    is_preferred: bool
    member_id: UUID
    discord_id: int
    language: str
    guild_id: int | None
    channel_id: int
    message_id: int
    is_told: bool
    job: Job
    pictures: tuple[Picture, ...]


_KEEP = (
    pg.insert(original_requests)
    .on_conflict_do_update(
        index_elements=[
            original_requests.c.member_id,
            original_requests.c.job_id,
            _SLOT,
        ],
        set_={"state": OriginalsState.WAITING.value, "purpose": RequestPurpose.REACTION.value},
        where=original_requests.c.state == OriginalsState.CLOSED.value,
    )
    .returning(original_requests.c.id)
)


async def request_originals(
    connection: AsyncConnection, discord_id: int, message_id: int, *, shows_unsafe: bool = False
) -> bool:
    """Keep that the Discord user wants what the message shows; False where it shows no pictures, or it was sent before.

    shows_unsafe: whether the operator has switched off that unsafe pictures are withheld.

    Raises: MemberBanned, MemberRestricted, JobUnknown, PictureRemoved, DeletedByOwner; nothing is kept then.
    """
    delivery = await _delivery_of(connection, message_id)
    (found,) = await read_jobs_with_pictures(connection, [delivery.job_id]) if delivery else (None,)
    if delivery is None or found is None:
        return False
    job, pictures = found[0], _shown(delivery, found[1])
    (member,) = await lock_members(connection, [discord_id])
    member.restriction.check_not_banned()
    check_unrestricted(await _restriction_of(connection, delivery, member))
    check_may_see(job, member.id)
    showing = await read_showing(connection, where_of_delivery(delivery), job, pictures)
    if not pictures or (showing is Showing.WITHHOLD and not shows_unsafe):
        return False
    (removals,) = await find_removals(connection, [JobInGuild(job_id=job.id, guild_id=delivery.guild_id)])
    check_shown(removals, [picture.slot for picture in pictures], is_owner=job.member_id == member.id)
    values = {
        "id": new_id(),
        "member_id": member.id,
        "job_id": job.id,
        "slot": pictures[0].slot if delivery.picture_id else None,
        "guild_id": delivery.guild_id,
        "channel_id": delivery.channel_id,
        "message_id": message_id,
    }
    return (await connection.execute(_KEEP, values)).first() is not None


_PREFERRED = (
    sa.select(
        sa.bindparam("new_id", type_=pg.UUID),
        deliveries.c.member_id,
        deliveries.c.job_id,
        deliveries.c.guild_id,
        deliveries.c.channel_id,
        deliveries.c.message_id,
        sa.literal(RequestPurpose.PREFERENCE.value),
    )
    .join(members, members.c.id == deliveries.c.member_id)
    .where(
        deliveries.c.id == sa.bindparam("delivery_id", type_=pg.UUID),
        deliveries.c.kind == DeliveryKind.GRID.value,
        # What is shown in direct messages is not sent there twice.
        deliveries.c.moved_from.is_(None),
        deliveries.c.surface.is_distinct_from(Surface.DM.value),
        sa.or_(
            _preferred == DirectMessages.EACH.value,
            sa.and_(_preferred == DirectMessages.LONG.value, deliveries.c.created_at < sa.func.now() - _LONG),
        ),
    )
)
_KEEP_PREFERRED = (
    pg.insert(original_requests)
    .from_select(["id", "member_id", "job_id", "guild_id", "channel_id", "message_id", "purpose"], _PREFERRED)
    .on_conflict_do_nothing()
)


async def request_preferred(connection: AsyncConnection, delivery_id: UUID) -> bool:
    """Keep that the member wants the result of the delivery directly, as they prefer; False if they do not.

    The delivery's message has to be stored. False too if the request is kept already.
    """
    values = {"new_id": new_id(), "delivery_id": delivery_id}
    return bool((await connection.execute(_KEEP_PREFERRED, values)).rowcount)


async def claim_request(connection: AsyncConnection) -> OriginalsRequest | None:
    """Return the request that has waited longest, for this process alone; None if none waits.

    Raises: PictureUnknown when nothing is left of it, and ends it then.
    """
    own = original_requests.c
    free = sa.or_(own.claimed_until.is_(None), own.claimed_until < sa.func.now())
    chosen = (
        sa.select(own.id)
        .where(own.state == OriginalsState.WAITING.value, free)
        .order_by(own.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    claimed = sa.update(original_requests).where(own.id == chosen.scalar_subquery())
    claimed = claimed.values(claimed_until=sa.func.clock_timestamp() + _CLAIM_LASTS)
    row = (await connection.execute(claimed.returning(*own))).one_or_none()
    if row is None:
        return None
    member = (await connection.execute(sa.select(members).where(members.c.id == row.member_id))).one()
    language = sa.select(deliveries.c.language).where(deliveries.c.message_id == row.message_id)
    (found,) = await read_jobs_with_pictures(connection, [row.job_id])
    if found is None:
        raise PictureUnknown(job_id=row.job_id)
    return OriginalsRequest(
        id=row.id,
        purpose=RequestPurpose(row.purpose),
        is_preferred=preferences_from_json(member.preferences).direct_messages in WANTED,
        member_id=row.member_id,
        discord_id=member.discord_id,
        language=(await connection.execute(language)).scalar() or "en",
        guild_id=row.guild_id,
        channel_id=row.channel_id,
        message_id=row.message_id,
        is_told=row.is_told,
        job=found[0],
        pictures=tuple(picture for picture in found[1] if row.slot in (None, picture.slot)),
    )


async def end_request(connection: AsyncConnection, request_id: UUID, state: OriginalsState) -> None:
    """Store what became of a request."""
    is_told = original_requests.c.is_told | sa.literal(state is OriginalsState.CLOSED)
    ended = sa.update(original_requests).where(original_requests.c.id == request_id)
    await connection.execute(ended.values(state=state.value, is_told=is_told, claimed_until=None))


async def turn_off(connection: AsyncConnection, request: OriginalsRequest) -> bool:
    """Send the member no more results that they have not asked for; False if that is so already.

    The request is then one to tell them, until it ends.
    """
    if not await stop_direct_messages(connection, request.member_id):
        return False
    told = sa.update(original_requests).where(original_requests.c.id == request.id)
    await connection.execute(told.values(purpose=RequestPurpose.TURNED_OFF.value))
    return True


async def drop_request(connection: AsyncConnection, request_id: UUID) -> None:
    """Forget a request that the member does not want any more."""
    await connection.execute(sa.delete(original_requests).where(original_requests.c.id == request_id))


async def release_request(connection: AsyncConnection, request_id: UUID) -> None:
    """Leave the request to whoever comes next."""
    released = sa.update(original_requests).where(original_requests.c.id == request_id)
    await connection.execute(released.values(claimed_until=None))


async def _delivery_of(connection: AsyncConnection, message_id: int) -> Delivery | None:
    of_message = sa.select(deliveries.c.id).where(deliveries.c.message_id == message_id)
    ids = (await connection.execute(of_message)).scalars().all()
    return next(iter(await read_deliveries(connection, ids)), None) if ids else None


async def _restriction_of(connection: AsyncConnection, delivery: Delivery, member: Member) -> GuildRestriction | None:
    here = MemberInGuild(guild_id=delivery.guild_id, member_id=member.id)
    return (await find_restrictions(connection, [here]))[0]


def _shown(delivery: Delivery, pictures: tuple[Picture, ...]) -> tuple[Picture, ...]:
    return tuple(picture for picture in pictures if delivery.picture_id in (None, picture.id))
