"""Who wants the originals of a result by direct message: one row for each member and result, so that they get it once.

They react with an envelope, or prefer it so for what they start.

A claim is a lease: another process takes over from one that died.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.preferences import WANTED, DirectMessages, preferences_from_json
from bot.store.original_tables import OriginalsState, RequestPurpose, original_requests
from bot.store.preferences import stop_direct_messages
from bot.store.tables import DeliveryKind, deliveries, members
from engine.contract.errors import PictureUnknown
from engine.contract.feedback import Surface
from engine.contract.ids import new_id
from engine.contract.jobs import Job, Picture
from engine.store.jobs import read_jobs_with_pictures
from engine.store.tables import jobs

_CLAIM_LASTS = timedelta(minutes=2)
_NEWEST = 5
_preferred = members.c.preferences["direct_messages"].astext
_LONG = sa.literal(timedelta(minutes=1), sa.Interval)


@dataclass(frozen=True, kw_only=True)
class OriginalsRequest:
    """What a member wants: the pictures of the job, and the message that shows them, in a language that they read.

    is_told: whether they were told that Discord lets the bot send them none.
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
    (found,) = await read_jobs_with_pictures(connection, [row.job_id])
    if found is None:
        raise PictureUnknown(job_id=row.job_id)
    return OriginalsRequest(
        id=row.id,
        purpose=RequestPurpose(row.purpose),
        is_preferred=preferences_from_json(member.preferences).direct_messages in WANTED,
        member_id=row.member_id,
        discord_id=member.discord_id,
        language=await _language_of(connection, row.member_id, row.message_id),
        guild_id=row.guild_id,
        channel_id=row.channel_id,
        message_id=row.message_id,
        is_told=row.is_told,
        job=found[0],
        pictures=tuple(picture for picture in found[1] if row.slot in (None, picture.slot)),
    )


async def _language_of(connection: AsyncConnection, member_id: UUID, message_id: int) -> str:
    """Return the language of a member's Discord, or that of the message if it is not known.

    Discord says it with commands and presses, but not with a reaction: of who has only reacted, it is that of what they
    have asked for last.
    """
    own, of_job = deliveries.alias(), sa.select(jobs.c.id).where(jobs.c.member_id == member_id)
    newest = sa.select(own.c.direct_language).where(
        own.c.job_id.in_(of_job.order_by(jobs.c.id.desc()).limit(_NEWEST)),
        own.c.member_id == member_id,
        own.c.direct_language.is_not(None),
    )
    known = newest.order_by(own.c.id.desc()).limit(1).scalar_subquery()
    here = sa.case((deliveries.c.member_id == member_id, deliveries.c.direct_language))
    language = sa.func.coalesce(here, known, deliveries.c.language)
    found = sa.select(language).where(deliveries.c.message_id == message_id)
    return (await connection.execute(found)).scalar() or "en"


async def end_request(connection: AsyncConnection, request_id: UUID, state: OriginalsState) -> None:
    """Store what became of a request."""
    is_told = original_requests.c.is_told | sa.literal(state is OriginalsState.CLOSED)
    ended = sa.update(original_requests).where(original_requests.c.id == request_id)
    await connection.execute(ended.values(state=state.value, is_told=is_told, claimed_until=None))


async def record_notice(connection: AsyncConnection, request_id: UUID, message_id: int) -> bool:
    """Store which message told the member that nothing is sent; False if the request was erased meanwhile."""
    told = sa.update(original_requests).where(original_requests.c.id == request_id).values(told_message_id=message_id)
    return bool((await connection.execute(told)).rowcount)


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
