"""Erasing a member as far as the bot knows them: who they are in Discord, their consent, and their messages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.exports import withdraw_exports
from bot.store.gallery.votes import note_votes_of
from bot.store.guilds.tables import guild_changes
from bot.store.learning.adapters import forget_learnt_from
from bot.store.learning.profiles import withdraw_profiles
from bot.store.moderation.cases import DiscordPlace, erase_cases
from bot.store.moderation.members import IN_FORCE, pass_on_guild_restrictions
from bot.store.moderation.tables import guild_restrictions
from bot.store.original_tables import original_requests
from bot.store.ranking.tables import rank_grids, rank_pairs
from bot.store.tables import DeliveryForm, consent_choices, deliveries, erasure_messages, members
from engine.contract.feedback import Consent
from engine.contract.ids import new_id
from engine.feedback.store.erasure import PaintedOfMember, read_painted
from engine.feedback.store.erasures import (
    Erasure,
    add_objects,
    claim_erasure,
    erase_rows,
    finish_erasure,
    is_in_hand,
    read_erasure,
    release_erasure,
    renew_erasure,
    request_erasure,
)
from engine.store.api_keys import delete_keys_of
from engine.store.restrictions import pass_on_restriction
from engine.store.tables import restrictions
from engine.store.transitions import cancel_pending_of

__all__ = [
    "DiscordMessage",
    "Erasure",
    "ErasureRequest",
    "claim_erasure",
    "erase_member",
    "finish_erasure",
    "forget_message_of",
    "read_erasure",
    "read_messages",
    "release_erasure",
    "renew_erasure",
    "start_erasures",
]

_ALLOW = sa.select(sa.func.set_config("easel.erasing", "on", True))
_FORBID = sa.select(sa.func.set_config("easel.erasing", "off", True))

_second = deliveries.alias()
# The message of a series has no row: its deliveries reply to it.
_IN_SERIES = sa.exists().where(_second.c.press_id == deliveries.c.press_id, _second.c.ordinal == 1)


@dataclass(frozen=True, kw_only=True)
class ErasureRequest:
    """A member who is to be erased, whose row is locked, and the interaction that says so."""

    press_id: int
    member_id: UUID


@dataclass(frozen=True, kw_only=True)
class DiscordMessage:
    """A message of the bot's, and where it is."""

    channel_id: int
    message_id: int


async def start_erasures(connection: AsyncConnection, requests: Sequence[ErasureRequest]) -> list[None]:
    """Part each member from their Discord user at once, take back their consent, delete their key and what has learnt
    their taste, stop their jobs, and note the rest.

    Whatever the Discord user does from now on is a new member's, who has the ban or the limit of the old one: an
    erasure ends neither.
    """
    for request in requests:
        await request_erasure(connection, request.member_id)
        restricted = await _read_restricted(connection, request.member_id)
        # Discord's ids are positive.
        parted = {"discord_id": -request.press_id, "may_train": False, "may_publish": False}
        levels = {"consent": Consent.USE.value}
        await connection.execute(sa.update(members).where(members.c.id == request.member_id).values(**parted, **levels))
        if restricted is not None:
            heir = new_id()
            await connection.execute(sa.insert(members).values(id=heir, discord_id=restricted))
            await pass_on_restriction(connection, request.member_id, heir)
            await pass_on_guild_restrictions(connection, request.member_id, heir)
        await withdraw_profiles(connection, [request.member_id])
        await delete_keys_of(connection, request.member_id)
        await cancel_pending_of(connection, request.member_id)
    return [None] * len(requests)


async def _read_restricted(connection: AsyncConnection, member_id: UUID) -> int | None:
    """Return the member's Discord id if an operator has banned them or set them a limit, or a guild has."""
    by_operator = sa.exists().where(restrictions.c.member_id == members.c.id)
    by_guild = sa.exists().where(guild_restrictions.c.member_id == members.c.id, IN_FORCE)
    query = sa.select(members.c.discord_id).where(members.c.id == member_id, sa.or_(by_operator, by_guild))
    return (await connection.execute(query)).scalar_one_or_none()


async def erase_member(connection: AsyncConnection, erasure: Erasure) -> bool:
    """Delete every row of the member, once no process works on their jobs; False while one does.

    What is left to be deleted elsewhere, files and messages, is noted in the same transaction.
    """
    painted = await read_painted(connection, erasure.member_id)
    if await is_in_hand(connection, erasure, painted):
        return False
    cases = await erase_cases(connection, erasure.member_id, painted.job_ids)
    num_messages = await _note_messages(connection, erasure, painted, cases)
    await withdraw_exports(connection, erasure.member_id, "erased")
    own = deliveries.c.member_id == erasure.member_id
    await connection.execute(sa.delete(deliveries).where(own))
    await note_votes_of(connection, erasure.member_id)
    await forget_compared(connection, painted.job_ids, erasure.member_id)
    learnt = await forget_learnt_from(connection, erasure.member_id)
    counts = {"messages": num_messages} | ({"adapters": learnt.num_adapters} if learnt.num_adapters else {})
    await add_objects(connection, erasure.id, learnt.sheet_keys)
    await erase_rows(connection, erasure, painted, counts)
    await connection.execute(_ALLOW)
    await connection.execute(sa.delete(consent_choices).where(consent_choices.c.member_id == erasure.member_id))
    await connection.execute(_FORBID)
    changed = sa.update(guild_changes).where(guild_changes.c.member_id == erasure.member_id)
    await connection.execute(changed.values(member_id=None))
    # Those that are over.
    await connection.execute(sa.delete(guild_restrictions).where(guild_restrictions.c.member_id == erasure.member_id))
    await connection.execute(sa.delete(members).where(members.c.id == erasure.member_id))
    return True


async def forget_compared(connection: AsyncConnection, job_ids: Collection[UUID], member_id: UUID) -> None:
    """Delete what members were asked to compare of the jobs, and what this member was asked."""
    for table in (rank_pairs, rank_grids):
        of_jobs = table.c.job_id == sa.any_(sa.literal(list(job_ids), pg.ARRAY(pg.UUID)))
        await connection.execute(sa.delete(table).where(of_jobs | (table.c.member_id == member_id)))


async def _note_messages(
    connection: AsyncConnection, erasure: Erasure, painted: PaintedOfMember, cases: Sequence[DiscordPlace]
) -> int:
    listed = sa.any_(sa.literal(list(painted.job_ids), pg.ARRAY(pg.UUID)))
    of_member = sa.and_(
        sa.or_(deliveries.c.member_id == erasure.member_id, deliveries.c.job_id == listed),
        # Discord forgets by itself what only the member sees, and lets nobody else delete it.
        deliveries.c.form != DeliveryForm.EPHEMERAL.value,
    )
    shown = sa.select(deliveries.c.message_id, deliveries.c.channel_id).where(
        of_member, deliveries.c.message_id.is_not(None)
    )
    of_series = sa.select(deliveries.c.reply_to, deliveries.c.channel_id).where(
        of_member, deliveries.c.reply_to.is_not(None), _IN_SERIES
    )
    # What the bot says under a result to who takes no direct messages.
    notices = sa.select(original_requests.c.told_message_id, original_requests.c.channel_id).where(
        sa.or_(original_requests.c.member_id == erasure.member_id, original_requests.c.job_id == listed),
        original_requests.c.told_message_id.is_not(None),
    )
    places = [(row[0], row[1]) for row in await connection.execute(sa.union(shown, of_series, notices))]
    places += [(case.message_id, case.channel_id) for case in cases]
    if places:
        insert = pg.insert(erasure_messages).on_conflict_do_nothing()
        noted = [{"erasure_id": erasure.id, "message_id": place[0], "channel_id": place[1]} for place in places]
        await connection.execute(insert, noted)
    return len(places)


async def read_messages(connection: AsyncConnection, erasure_id: UUID, *, limit: int) -> list[DiscordMessage]:
    """Return messages that the erasure has still to delete."""
    query = sa.select(erasure_messages).where(erasure_messages.c.erasure_id == erasure_id).limit(limit)
    rows = await connection.execute(query.order_by(erasure_messages.c.channel_id, erasure_messages.c.message_id))
    return [DiscordMessage(channel_id=row.channel_id, message_id=row.message_id) for row in rows]


async def forget_message_of(connection: AsyncConnection, erasure_id: UUID, message: DiscordMessage) -> None:
    """Record that the message is deleted, or that Discord does not let the bot."""
    query = sa.delete(erasure_messages).where(
        erasure_messages.c.erasure_id == erasure_id, erasure_messages.c.message_id == message.message_id
    )
    await connection.execute(query)
