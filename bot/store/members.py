"""Members in Postgres: the only place that maps Discord users to opaque ids and back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.preferences import NO_PREFERENCES, MemberPreferences, preferences_from_json
from bot.store.tables import members
from engine.contract.ids import new_id
from engine.feedback.records import NOT_ASKED, ConsentInForce, ConsentRecord
from engine.feedback.store.erasures import read_tombstones
from engine.feedback.store.tables import actions, impressions
from engine.store.restrictions import RESTRICTION, UNRESTRICTED, Restriction, restriction_from_row
from engine.store.tables import restrictions

# Not FOR UPDATE: deliveries that name the member may still be written. In one order, so that no two wait for another.
_LOCKED = (
    sa.select(members, *RESTRICTION)
    .select_from(members.outerjoin(restrictions, restrictions.c.member_id == members.c.id))
    .where(members.c.discord_id == sa.any_(sa.bindparam("discord_ids", type_=pg.ARRAY(sa.BigInteger))))
    .order_by(members.c.discord_id)
    .with_for_update(key_share=True, of=members)
)
_TOGGLE_REMIX = (
    sa.update(members)
    .where(members.c.id == sa.any_(sa.bindparam("ids", type_=pg.ARRAY(pg.UUID))))
    .values(has_remix=~members.c.has_remix)
    .returning(members.c.id, members.c.has_remix)
)
_ADD = pg.insert(members).on_conflict_do_nothing(index_elements=["discord_id"])


@dataclass(frozen=True, kw_only=True)
class Member:
    """A person by an opaque id, with what they have agreed to.

    has_remix: whether buttons that start a job ask for its prompt first.
    preferences: what holds for each of their prompts.
    restriction: whether an operator has banned them or set them a limit.
    """

    id: UUID
    discord_id: int
    consent_in_force: ConsentInForce
    has_remix: bool
    preferences: MemberPreferences = NO_PREFERENCES
    restriction: Restriction = UNRESTRICTED


async def lock_members(connection: AsyncConnection, discord_ids: Sequence[int]) -> list[Member]:
    """Return the members of Discord users, created on first use, with their rows locked until the transaction ends.

    No other transaction of the same members gets past this meanwhile, so that what this one counts stays true.
    """
    known = await _read(connection, discord_ids)
    if new := sorted(set(discord_ids) - known.keys()):
        await connection.execute(_ADD, [{"id": new_id(), "discord_id": discord_id} for discord_id in new])
        known |= await _read(connection, new)
    return [known[discord_id] for discord_id in discord_ids]


async def toggle_remixes(connection: AsyncConnection, member_ids: Sequence[UUID]) -> list[bool]:
    """Turn remix on or off for different members, each of whom is locked; return for each whether it is on now."""
    rows = await connection.execute(_TOGGLE_REMIX, {"ids": list(member_ids)})
    now = {row.id: row.has_remix for row in rows}
    return [now[member_id] for member_id in member_ids]


async def find_member(connection: AsyncConnection, text: str) -> int | None:
    """Return the Discord id of who has this id, of Discord's or of ours; None if nobody has."""
    if text.isascii() and text.isdigit():
        has_it = members.c.discord_id == sa.cast(text, sa.Numeric)
    else:
        try:
            has_it = members.c.id == UUID(text)
        except ValueError:
            return None
    return (await connection.execute(sa.select(members.c.discord_id).where(has_it))).scalar_one_or_none()


async def read_discord_ids(
    connection: AsyncConnection, member_ids: Collection[UUID] = (), *, named: str = ""
) -> dict[UUID, int]:
    """Return the Discord ids of those of the members who are persons, and of who has the id `named`, as above."""
    discord_id = await find_member(connection, named) if named else None
    listed = sa.any_(sa.literal(list(member_ids), pg.ARRAY(pg.UUID)))
    query = sa.select(members.c.id, members.c.discord_id).where(
        (members.c.id == listed) | (members.c.discord_id == discord_id)
    )
    return {row.id: row.discord_id for row in await connection.execute(query)}


async def read_consent(connection: AsyncConnection, member_id: UUID) -> ConsentInForce:
    """Return the member's consent as the feedback log records it; that of one who was erased is none."""
    row = (await connection.execute(sa.select(members).where(members.c.id == member_id))).one_or_none()
    return consent_of_member(row) if row else NOT_ASKED


async def read_publishing_ids(connection: AsyncConnection) -> set[UUID]:
    """Return the members who agree now that what they do is published."""
    return set((await connection.execute(sa.select(members.c.id).where(members.c.may_publish))).scalars())


async def read_publishing_ids_in(connection: AsyncConnection, guild_id: int) -> set[UUID]:
    """Return those of them who have pressed or were shown anything in the guild."""
    is_there = sa.or_(
        *(
            sa.exists().where(log.c.member_id == members.c.id, log.c.guild_id == guild_id)
            for log in (actions, impressions)
        )
    )
    query = sa.select(members.c.id).where(members.c.may_publish, is_there)
    return set((await connection.execute(query)).scalars())


async def read_training_ids(connection: AsyncConnection) -> set[UUID]:
    """Return the members who agree now that the operator trains models on what they do."""
    return set((await connection.execute(sa.select(members.c.id).where(members.c.may_train))).scalars())


async def read_consent_record(connection: AsyncConnection) -> ConsentRecord:
    """Return by which version of the text each member agrees to publishing now, and how many members were erased."""
    rows = await connection.execute(sa.select(members).where(members.c.may_publish))
    versions = {row.id: row.consent_version for row in rows}
    tombstones = await read_tombstones(connection)
    removals = {"members": tombstones.members, **tombstones.counts} if tombstones.members else {}
    return ConsentRecord(versions=versions, removals=removals)


async def has_agreed(connection: AsyncConnection, discord_id: int) -> bool:
    """Return whether the Discord user agrees now that what they do trains models or is published."""
    agreed = sa.and_(members.c.discord_id == discord_id, members.c.may_train | members.c.may_publish)
    return bool((await connection.execute(sa.select(sa.exists().where(agreed)))).scalar_one())


def consent_of_member(row: sa.Row[Any]) -> ConsentInForce:
    """Return the consent in force, from a row of `members`."""
    return ConsentInForce(version=row.consent_version, may_train=row.may_train, may_publish=row.may_publish)


async def _read(connection: AsyncConnection, discord_ids: Sequence[int]) -> dict[int, Member]:
    rows = await connection.execute(_LOCKED, {"discord_ids": list(discord_ids)})
    return {row.discord_id: _member_of(row) for row in rows}


def _member_of(row: sa.Row[Any]) -> Member:
    consent = consent_of_member(row)
    return Member(
        id=row.id,
        discord_id=row.discord_id,
        consent_in_force=consent,
        has_remix=row.has_remix,
        preferences=preferences_from_json(row.preferences),
        restriction=restriction_from_row(row),
    )
