"""What an operator allows a member less than others, or more: bans, and limits of unfinished jobs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.errors import MemberBanned
from engine.store.tables import restrictions

_IS_OVER = restrictions.c.banned_until <= sa.func.now()
RESTRICTION = (
    restrictions.c.max_pending,
    sa.case((_IS_OVER, None), else_=restrictions.c.banned_at).label("banned_at"),
    restrictions.c.banned_until,
    restrictions.c.ban_reason,
)
"""The columns that `restriction_from_row` reads; a ban that is over is none."""


@dataclass(frozen=True, kw_only=True)
class Ban:
    """A ban in force: why, as its member reads it, since when, and until when, None for good."""

    reason: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class Restriction:
    """What holds for a member; `max_pending` is None where the usual limit of unfinished jobs does."""

    ban: Ban | None = None
    max_pending: int | None = None

    def check_not_banned(self) -> None:
        """Return if the member may use Easel.

        Raises: MemberBanned.
        """
        if self.ban:
            raise MemberBanned(reason=self.ban.reason, until=self.ban.until)


UNRESTRICTED = Restriction()


async def ban_member(connection: AsyncConnection, member_id: UUID, reason: str, until: datetime | None) -> None:
    """Ban the member from now on; a ban that is there is replaced."""
    values = {"banned_at": sa.func.now(), "banned_until": until, "ban_reason": reason}
    await _restrict(connection, member_id, values)


async def unban_member(connection: AsyncConnection, member_id: UUID) -> bool:
    """End the member's ban; return False if there was none."""
    own = restrictions.c.member_id == member_id
    none = {"banned_at": None, "banned_until": None, "ban_reason": None}
    in_force = sa.and_(own, restrictions.c.banned_at.is_not(None), _IS_OVER.is_not(True))
    had_one = bool((await connection.execute(sa.select(sa.exists().where(in_force)))).scalar_one())
    await connection.execute(sa.delete(restrictions).where(own, restrictions.c.max_pending.is_(None)))
    await connection.execute(sa.update(restrictions).where(own).values(none))
    return had_one


async def limit_member(connection: AsyncConnection, member_id: UUID, max_pending: int | None) -> None:
    """Let the member have so many unfinished jobs from now on, None for as many as others."""
    if max_pending is not None:
        await _restrict(connection, member_id, {"max_pending": max_pending})
        return
    own = restrictions.c.member_id == member_id
    await connection.execute(sa.delete(restrictions).where(own, restrictions.c.banned_at.is_(None)))
    await connection.execute(sa.update(restrictions).where(own).values(max_pending=None))


async def read_restrictions(connection: AsyncConnection, member_ids: Collection[UUID]) -> dict[UUID, Restriction]:
    """Return what holds for each of the members."""
    listed = sa.any_(sa.literal(list(member_ids), pg.ARRAY(pg.UUID)))
    query: sa.Select[Any] = sa.select(restrictions.c.member_id, *RESTRICTION)
    rows = await connection.execute(query.where(restrictions.c.member_id == listed))
    found = {row.member_id: restriction_from_row(row) for row in rows}
    return {member_id: found.get(member_id, UNRESTRICTED) for member_id in member_ids}


async def read_banned(connection: AsyncConnection) -> list[UUID]:
    """Return the members who are banned now, who was banned last first."""
    in_force = sa.and_(restrictions.c.banned_at.is_not(None), _IS_OVER.is_not(True))
    query = sa.select(restrictions.c.member_id).where(in_force).order_by(restrictions.c.banned_at.desc())
    return list((await connection.execute(query)).scalars())


async def pass_on_restriction(connection: AsyncConnection, member_id: UUID, heir_id: UUID) -> None:
    """Let what holds for a member hold for another one instead."""
    query = sa.update(restrictions).where(restrictions.c.member_id == member_id)
    await connection.execute(query.values(member_id=heir_id))


def restriction_from_row(row: sa.Row[Any]) -> Restriction:
    """Return what a row says that has the columns of `RESTRICTION`, all of them null where nothing is stored."""
    ban = Ban(reason=row.ban_reason, since=row.banned_at, until=row.banned_until) if row.banned_at else None
    return Restriction(ban=ban, max_pending=row.max_pending)


async def _restrict(connection: AsyncConnection, member_id: UUID, values: dict[str, Any]) -> None:
    insert = pg.insert(restrictions).values(member_id=member_id, **values)
    await connection.execute(insert.on_conflict_do_update(index_elements=["member_id"], set_=values))
