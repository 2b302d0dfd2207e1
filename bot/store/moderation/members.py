"""Whom moderators of a guild have timed out or banned there, until when and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.cases import AboutYourself, BansNeeded
from bot.policy.restrictions import GuildRestriction, RestrictionKind
from bot.store.interaction import InteractionContext
from bot.store.members import lock_members
from bot.store.moderation.tables import CaseKind, Decision, guild_restrictions, moderation_cases
from bot.store.tables import members
from engine.contract.ids import new_id

IN_FORCE = sa.or_(guild_restrictions.c.until.is_(None), guild_restrictions.c.until > sa.func.now())
"""Of a time out that is not over, and of a ban."""

# Executed for every press, so built once.
_IN_GUILDS = sa.select(guild_restrictions).where(
    guild_restrictions.c.guild_id == sa.any_(sa.bindparam("guild_ids", type_=pg.ARRAY(sa.BigInteger))),
    guild_restrictions.c.member_id == sa.any_(sa.bindparam("member_ids", type_=pg.ARRAY(pg.UUID))),
    IN_FORCE,
)


@dataclass(frozen=True, kw_only=True)
class MemberInGuild:
    """A member, and the guild in which they do something; None outside guilds."""

    guild_id: int | None
    member_id: UUID


@dataclass(frozen=True, kw_only=True)
class NewRestriction:
    """What is to hold for a member of a guild from now on, by the decision on a case."""

    of: MemberInGuild
    restriction: GuildRestriction
    case_id: UUID


@dataclass(frozen=True, kw_only=True)
class RestrictedMember:
    """A member who is timed out or banned, since when, and by whom; None if they were erased since."""

    discord_id: int
    restriction: GuildRestriction
    since: datetime
    decider_id: int | None


async def find_restrictions(
    connection: AsyncConnection, asked: Sequence[MemberInGuild]
) -> list[GuildRestriction | None]:
    """Return for each member what holds in the guild; outside guilds nothing does."""
    guilds = sorted({one.guild_id for one in asked if one.guild_id is not None})
    if not guilds:
        return [None] * len(asked)
    asked_of = {"guild_ids": guilds, "member_ids": [one.member_id for one in asked]}
    found = {(row.guild_id, row.member_id): _from_row(row) for row in await connection.execute(_IN_GUILDS, asked_of)}
    return [None if one.guild_id is None else found.get((one.guild_id, one.member_id)) for one in asked]


async def restrict_all(connection: AsyncConnection, new: Sequence[NewRestriction]) -> list[None]:
    """Store each in place of what holds for its member until now."""
    for one in new:
        values = {
            "kind": one.restriction.kind.value,
            "reason": one.restriction.reason,
            "until": one.restriction.until,
            "case_id": one.case_id,
            "since": sa.func.now(),
        }
        insert = pg.insert(guild_restrictions).values(guild_id=one.of.guild_id, member_id=one.of.member_id, **values)
        await connection.execute(insert.on_conflict_do_update(index_elements=["guild_id", "member_id"], set_=values))
    return [None] * len(new)


async def read_restricted(connection: AsyncConnection, guild_id: int, *, limit: int) -> list[RestrictedMember]:
    """Return who is timed out or banned in the guild, the last ones first."""
    own, decider = guild_restrictions.c, members.alias("decider")
    query = (
        sa.select(guild_restrictions, members.c.discord_id, decider.c.discord_id.label("decider_id"))
        .join(members, members.c.id == own.member_id)
        .outerjoin(moderation_cases, moderation_cases.c.id == own.case_id)
        .outerjoin(decider, decider.c.id == moderation_cases.c.decided_by)
        .where(own.guild_id == guild_id, IN_FORCE, members.c.discord_id > 0)
        .order_by(own.since.desc())
        .limit(limit)
    )
    return [_restricted_from_row(row) for row in await connection.execute(query)]


async def allow_member(
    connection: AsyncConnection, context: InteractionContext, discord_id: int, *, may_end_bans: bool
) -> bool:
    """End the time out or the ban of the Discord user, and keep who did as a case; False if there is none.

    Raises: BansNeeded for a ban, unless bans may be ended; AboutYourself for who is no administrator; nothing is stored
        then.
    """
    if discord_id == context.discord_id and not context.is_administrator:
        raise AboutYourself(discord_id=discord_id)
    own = guild_restrictions.c
    of_user = sa.select(members.c.id).where(members.c.discord_id == discord_id).scalar_subquery()
    ended = sa.delete(guild_restrictions).where(own.guild_id == context.guild_id, own.member_id == of_user, IN_FORCE)
    row = (await connection.execute(ended.returning(own.member_id, own.kind))).one_or_none()
    if row is None:
        return False
    if row.kind == RestrictionKind.BAN.value and not may_end_bans:
        raise BansNeeded(discord_id=discord_id)
    (decider,) = await lock_members(connection, [context.discord_id])
    logged = {
        "id": new_id(),
        "kind": CaseKind.ALLOW.value,
        "guild_id": context.guild_id,
        "member_id": row.member_id,
        "decision": Decision.ALLOW.value,
        "decided_at": context.at,
        "decided_by": decider.id,
        "decided_press_id": int(context.id),
        # There is nothing to post.
        "shown_version": 1,
    }
    await connection.execute(sa.insert(moderation_cases).values(logged))
    return True


async def pass_on_guild_restrictions(connection: AsyncConnection, member_id: UUID, heir_id: UUID) -> None:
    """Let what holds for a member in guilds hold for another one instead."""
    query = sa.update(guild_restrictions).where(guild_restrictions.c.member_id == member_id)
    await connection.execute(query.values(member_id=heir_id))


def _restricted_from_row(row: sa.Row[Any]) -> RestrictedMember:
    is_known = row.decider_id is not None and row.decider_id > 0
    return RestrictedMember(
        discord_id=row.discord_id,
        restriction=_from_row(row),
        since=row.since,
        decider_id=row.decider_id if is_known else None,
    )


def _from_row(row: sa.Row[Any]) -> GuildRestriction:
    return GuildRestriction(kind=RestrictionKind(row.kind), reason=row.reason, until=row.until, case_id=row.case_id)
