"""Reactions with an envelope: who made one wants the originals by direct message, which is logged as a press is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.pictures import Showing
from bot.policy.removals import check_shown
from bot.policy.restrictions import GuildRestriction, check_unrestricted
from bot.policy.visibility import check_may_see
from bot.store.button_actions import ButtonPress, action_from_press
from bot.store.deliveries import Delivery, read_deliveries
from bot.store.interaction import InteractionContext
from bot.store.members import Member, lock_members
from bot.store.moderation.members import MemberInGuild, find_restrictions
from bot.store.moderation.picture_rules import read_showing, where_of_delivery
from bot.store.moderation.removals import JobInGuild, find_removals
from bot.store.original_tables import SLOT, OriginalsState, RequestPurpose, original_requests
from bot.store.tables import deliveries
from engine.contract.feedback import Verb
from engine.contract.ids import new_id
from engine.contract.jobs import Picture
from engine.feedback.store.actions import append_keyed_action
from engine.store.jobs import read_jobs_with_pictures

REACTION = "reaction"
"""The kind of saving that is no press on a button."""

_KEEP = (
    pg.insert(original_requests)
    .on_conflict_do_update(
        index_elements=[
            original_requests.c.member_id,
            original_requests.c.job_id,
            SLOT,
        ],
        set_={"state": OriginalsState.WAITING.value, "purpose": RequestPurpose.REACTION.value},
        where=original_requests.c.state == OriginalsState.CLOSED.value,
    )
    .returning(original_requests.c.id)
)


async def request_originals(
    connection: AsyncConnection, discord_id: int, message_id: int, *, shows_unsafe: bool = False
) -> bool:
    """Keep that the Discord user wants what the message shows, and log it as a press on ✉️.

    False where it shows no pictures, or it was sent before.

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
    if (await connection.execute(_KEEP, values)).first() is None:
        return False
    await _record(connection, delivery, ButtonPress(member=member, job=job, pictures=found[1], shown=pictures))
    return True


async def _delivery_of(connection: AsyncConnection, message_id: int) -> Delivery | None:
    of_message = sa.select(deliveries.c.id).where(deliveries.c.message_id == message_id)
    ids = (await connection.execute(of_message)).scalars().all()
    return next(iter(await read_deliveries(connection, ids)), None) if ids else None


async def _record(connection: AsyncConnection, delivery: Delivery, press: ButtonPress) -> None:
    """Log the press; Discord gives a reaction no id, so that it gets one of its time."""
    at, where = datetime.now(UTC), where_of_delivery(delivery)
    picture = press.shown[0] if delivery.picture_id else None
    context = InteractionContext(
        id="0",
        discord_id=press.member.discord_id,
        channel_id=delivery.channel_id,
        message_id=delivery.message_id,
        shown_slot=picture.slot if picture else None,
        surface=where.surface,
        token=None,
        latency=None,
        is_administrator=False,
        at=at,
        guild_id=delivery.guild_id,
    )
    action = replace(action_from_press(context, press, Verb.SAVE, picture), variation=REACTION)
    await append_keyed_action(connection, action, key=f"{REACTION}:{new_id()}")


async def _restriction_of(connection: AsyncConnection, delivery: Delivery, member: Member) -> GuildRestriction | None:
    here = MemberInGuild(guild_id=delivery.guild_id, member_id=member.id)
    return (await find_restrictions(connection, [here]))[0]


def _shown(delivery: Delivery, pictures: tuple[Picture, ...]) -> tuple[Picture, ...]:
    return tuple(picture for picture in pictures if delivery.picture_id in (None, picture.id))
