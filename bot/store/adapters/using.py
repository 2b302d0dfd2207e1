"""Which adapters of members a member may use where they ask; the press that uses one checks it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.adapters import check_may_use
from bot.store.adapters.tables import adapter_shares
from bot.store.batch import Statement
from bot.store.guilds.tables import guild_settings
from bot.store.interaction import InteractionContext
from bot.store.tables import members
from engine.contract.jobs import JobSpec
from engine.contract.training import PROFILE, UsableAdapter
from engine.store.own_adapters import IS_THERE
from engine.store.tables import own_adapters

_own = own_adapters.c


@dataclass(frozen=True, kw_only=True)
class AdapterUse:
    """Adapters that a member wants to use in a guild; None outside guilds."""

    member_id: UUID
    guild_id: int | None
    adapter_ids: tuple[UUID, ...]


async def read_usable(connection: AsyncConnection, discord_id: int, guild_id: int | None) -> dict[str, UsableAdapter]:
    """Return the adapters that the Discord user may use in the guild, by name; of one name, their own counts."""
    owner = sa.select(members.c.id).where(members.c.discord_id == discord_id).scalar_subquery()
    plain = (_own.id, _own.name, _own.model)
    own = sa.select(*plain, sa.true().label("is_own")).where(_own.member_id == owner, _own.name != PROFILE, IS_THERE)
    shared = sa.select(*plain, sa.false().label("is_own")).where(_own.id.in_(_shared_in([guild_id])), IS_THERE)
    rows = await connection.execute(sa.union_all(shared, own))
    # Own ones come last, and so replace those of the same name.
    return {row.name: UsableAdapter(**row._mapping) for row in sorted(rows, key=lambda row: (row.is_own, row.name))}


async def _find_allowed(connection: AsyncConnection, uses: Sequence[AdapterUse]) -> list[frozenset[UUID]]:
    wanted = {adapter_id for use in uses for adapter_id in use.adapter_ids}
    guild_ids = [use.guild_id for use in uses]
    query = sa.select(_own.id, _own.member_id).where(_own.id == sa.any_(sa.literal(list(wanted), pg.ARRAY(pg.UUID))))
    owners = {row.id: row.member_id for row in await connection.execute(query.where(IS_THERE))}
    shares = sa.select(adapter_shares.c.adapter_id, adapter_shares.c.guild_id).where(
        adapter_shares.c.adapter_id.in_(_shared_in(guild_ids)), adapter_shares.c.guild_id.in_(filter(None, guild_ids))
    )
    shared = {(row.adapter_id, row.guild_id) for row in await connection.execute(shares)} if any(guild_ids) else set()
    return [
        frozenset(
            one
            for one in use.adapter_ids
            if one in owners and (owners[one] == use.member_id or (one, use.guild_id) in shared)
        )
        for use in uses
    ]


find_allowed = Statement(order=9, run=_find_allowed)


async def check_adapters(context: InteractionContext, member_id: UUID, specs: Sequence[JobSpec]) -> None:
    """Check that the member may use the adapters of members that the specs name. A part of a press.

    Raises: SettingUnsupported, as for an adapter that there is not.
    """
    ids = tuple({one for spec in specs for one in spec.adapters.values()})
    if not ids:
        return
    allowed = await find_allowed(AdapterUse(member_id=member_id, guild_id=context.guild_id, adapter_ids=ids))
    for spec in specs:
        check_may_use(spec, allowed)


def _shared_in(guild_ids: Sequence[int | None]) -> sa.Select[Any]:
    """Return the query for the adapters that are shared in these guilds, as far as that is allowed there."""
    known = [one for one in guild_ids if one is not None]
    forbidden = sa.exists().where(
        guild_settings.c.guild_id == adapter_shares.c.guild_id, ~guild_settings.c.shares_adapters
    )
    return sa.select(adapter_shares.c.adapter_id).where(
        adapter_shares.c.guild_id == sa.any_(sa.literal(known, pg.ARRAY(sa.BigInteger))), ~forbidden
    )
