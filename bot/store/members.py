"""Members in Postgres: the only place that maps Discord users to opaque ids and back."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import members
from engine.contract.feedback import Consent
from engine.contract.ids import new_id

# Not FOR UPDATE: deliveries that name the member may still be written.
_LOCKED = sa.select(members).where(members.c.discord_id == sa.bindparam("discord_id")).with_for_update(key_share=True)


@dataclass(frozen=True, kw_only=True)
class Member:
    """A person by an opaque id, with the consent they have given."""

    id: UUID
    discord_id: int
    consent: Consent


async def lock_member(connection: AsyncConnection, discord_id: int) -> Member:
    """Return the member of a Discord user, created on first use, with their row locked until the transaction ends.

    No other transaction of the same member gets past this meanwhile, so that what this one counts stays true.
    """
    known = await _read(connection, discord_id)
    if known:
        return known
    query = pg.insert(members).values(id=new_id(), discord_id=discord_id)
    await connection.execute(query.on_conflict_do_nothing(index_elements=["discord_id"]))
    created = await _read(connection, discord_id)
    assert created is not None
    return created


async def _read(connection: AsyncConnection, discord_id: int) -> Member | None:
    row = (await connection.execute(_LOCKED, {"discord_id": discord_id})).one_or_none()
    return Member(id=row.id, discord_id=row.discord_id, consent=Consent(row.consent)) if row else None
