"""What owners do with their adapters: they see, rename, share and delete them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.adapters import SharingForbidden
from bot.store.adapters.tables import adapter_shares
from bot.store.batch import run_alone
from bot.store.guilds.tables import guild_settings
from bot.store.interaction import InteractionContext
from bot.store.members import lock_members
from bot.store.statements import lock_member
from bot.store.tables import members
from engine.contract.training import AdapterNameTaken, AdapterUnknown, OwnAdapter
from engine.store.own_adapters import delete_adapter, read_adapters_of
from engine.store.tables import own_adapters


@dataclass(frozen=True, kw_only=True)
class ListedAdapters:
    """A member's adapters by name, and the guilds in which each is shared."""

    adapters: tuple[OwnAdapter, ...] = ()
    guilds: Mapping[UUID, frozenset[int]]


async def read_listed(connection: AsyncConnection, discord_id: int) -> ListedAdapters:
    """Return the adapters of the Discord user, also those that are being trained."""
    query = sa.select(members.c.id).where(members.c.discord_id == discord_id)
    member_id = (await connection.execute(query)).scalar_one_or_none()
    if member_id is None:
        return ListedAdapters(guilds={})
    adapters = await read_adapters_of(connection, member_id)
    listed = sa.any_(sa.literal([one.id for one in adapters], pg.ARRAY(pg.UUID)))
    rows = (await connection.execute(sa.select(adapter_shares).where(adapter_shares.c.adapter_id == listed))).all()
    guilds = {one.id: frozenset(row.guild_id for row in rows if row.adapter_id == one.id) for one in adapters}
    return ListedAdapters(adapters=adapters, guilds=guilds)


async def rename_own(connection: AsyncConnection, context: InteractionContext, old: str, new: str) -> None:
    """Give the member's adapter another name, also where it is shared.

    Raises: AdapterUnknown, AdapterNameTaken.
    """
    adapter, others = await _lock_own(connection, context, old)
    if new == adapter.name:
        return
    share = adapter_shares.c
    theirs = sa.select(share.guild_id).where(share.adapter_id == adapter.id).scalar_subquery()
    elsewhere = sa.exists().where(share.guild_id.in_(theirs), share.name == new, share.adapter_id != adapter.id)
    if new in others or (await connection.execute(sa.select(elsewhere))).scalar_one():
        raise AdapterNameTaken(name=new)
    await connection.execute(sa.update(own_adapters).where(own_adapters.c.id == adapter.id).values(name=new))
    await connection.execute(sa.update(adapter_shares).where(share.adapter_id == adapter.id).values(name=new))


async def share_own(connection: AsyncConnection, context: InteractionContext, name: str) -> None:
    """Let everybody in the guild use the member's adapter.

    Raises: AdapterUnknown, SharingForbidden, AdapterNameTaken by another that is shared there; MemberBanned,
        MemberRestricted.
    """
    assert context.guild_id is not None
    await run_alone(connection, lock_member(context))
    adapter, _ = await _lock_own(connection, context, name)
    if not await may_share(connection, context.guild_id):
        raise SharingForbidden()
    insert = pg.insert(adapter_shares).values(guild_id=context.guild_id, adapter_id=adapter.id, name=adapter.name)
    await connection.execute(insert.on_conflict_do_nothing())
    there = sa.exists().where(adapter_shares.c.guild_id == context.guild_id, adapter_shares.c.adapter_id == adapter.id)
    if not (await connection.execute(sa.select(there))).scalar_one():
        raise AdapterNameTaken(name=name)


async def unshare_own(connection: AsyncConnection, context: InteractionContext, name: str) -> bool:
    """Let nobody else in the guild use the member's adapter; False if nobody could.

    Raises: AdapterUnknown.
    """
    adapter, _ = await _lock_own(connection, context, name)
    mine = (adapter_shares.c.adapter_id == adapter.id, adapter_shares.c.guild_id == context.guild_id)
    return bool((await connection.execute(sa.delete(adapter_shares).where(*mine))).rowcount)


async def delete_own(connection: AsyncConnection, context: InteractionContext, name: str) -> None:
    """Delete the member's adapter everywhere.

    Raises: AdapterUnknown.
    """
    adapter, _ = await _lock_own(connection, context, name)
    await remove_adapter(connection, adapter.id)


async def remove_adapter(connection: AsyncConnection, adapter_id: UUID) -> OwnAdapter | None:
    """Delete anybody's adapter everywhere, and return what it was; None if there is none."""
    await connection.execute(sa.delete(adapter_shares).where(adapter_shares.c.adapter_id == adapter_id))
    return await delete_adapter(connection, adapter_id)


async def count_shares(connection: AsyncConnection, adapter_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return in how many guilds each of the adapters is shared, of those that are."""
    listed = sa.any_(sa.literal(list(adapter_ids), pg.ARRAY(pg.UUID)))
    share = adapter_shares.c
    query = sa.select(share.adapter_id, sa.func.count().label("number")).where(share.adapter_id == listed)
    return {row.adapter_id: row.number for row in await connection.execute(query.group_by(share.adapter_id))}


async def may_share(connection: AsyncConnection, guild_id: int) -> bool:
    """Return whether members may share their adapters in the guild."""
    query = sa.select(guild_settings.c.shares_adapters).where(guild_settings.c.guild_id == guild_id)
    may: bool | None = (await connection.execute(query)).scalar_one_or_none()
    return may is not False


async def _lock_own(connection: AsyncConnection, context: InteractionContext, name: str) -> tuple[OwnAdapter, set[str]]:
    """Return the member's trained adapter, and the names of their others; nobody else changes them meanwhile."""
    (member,) = await lock_members(connection, [context.discord_id])
    own = {adapter.name: adapter for adapter in await read_adapters_of(connection, member.id)}
    adapter = own.get(name.strip().lower())
    if adapter is None or adapter.object_key is None:
        raise AdapterUnknown(name=name)
    return adapter, own.keys() - {adapter.name}
