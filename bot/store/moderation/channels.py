"""The moderators' channel of a guild: which one it is, and whether cases can be posted there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.guilds.changes import GuildChange, record_change
from bot.store.guilds.tables import GuildSetting
from bot.store.interaction import InteractionContext
from bot.store.moderation.tables import ChannelFault, moderation_cases, moderator_channels

TRY_AGAIN = timedelta(minutes=10)
"""After how long a channel with a fault is tried again."""


@dataclass(frozen=True, kw_only=True)
class ModeratorChannel:
    """Where the moderators of a guild read cases; `fault` says why nothing could be posted there."""

    channel_id: int
    fault: ChannelFault | None


async def read_channel(connection: AsyncConnection, guild_id: int) -> ModeratorChannel | None:
    """Return the guild's moderators' channel; None if it has none."""
    query = sa.select(moderator_channels).where(moderator_channels.c.guild_id == guild_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    return ModeratorChannel(channel_id=row.channel_id, fault=ChannelFault(row.fault) if row.fault else None)


async def set_channel(connection: AsyncConnection, context: InteractionContext, channel_id: int | None) -> GuildChange:
    """Set or clear the guild's moderators' channel, and note who did; open cases move to the new one."""
    assert context.guild_id is not None
    here = moderator_channels.c.guild_id == context.guild_id
    query = sa.select(moderator_channels.c.channel_id).where(here).with_for_update()
    old = (await connection.execute(query)).scalar_one_or_none()
    if channel_id is None:
        await connection.execute(sa.delete(moderator_channels).where(here))
    else:
        values = {"channel_id": channel_id, "fault": None, "retry_at": None}
        insert = pg.insert(moderator_channels).values(guild_id=context.guild_id, **values)
        await connection.execute(insert.on_conflict_do_update(index_elements=["guild_id"], set_=values))
        await _move_open_cases(connection, context.guild_id, channel_id)
    before, after = (() if one is None else (str(one),) for one in (old, channel_id))
    return await record_change(connection, context, GuildSetting.CHANNEL, before=before, after=after)


async def record_fault(connection: AsyncConnection, guild_id: int, channel_id: int, fault: ChannelFault | None) -> None:
    """Store why nothing can be posted in the channel, which is tried again later, or that it can, for None."""
    retry_at = None if fault is None else sa.func.now() + TRY_AGAIN
    own = moderator_channels.c
    changed = sa.update(moderator_channels).where(own.guild_id == guild_id, own.channel_id == channel_id)
    if fault is None:
        changed = changed.where(own.fault.is_not(None))
    await connection.execute(changed.values(fault=fault and fault.value, retry_at=retry_at))


async def _move_open_cases(connection: AsyncConnection, guild_id: int, channel_id: int) -> None:
    own = moderation_cases.c
    # What is known of their old messages stays, so that these are deleted.
    elsewhere = (own.guild_id == guild_id, own.decision.is_(None), own.case_channel_id.is_distinct_from(channel_id))
    changed = sa.update(moderation_cases).where(*elsewhere)
    await connection.execute(changed.values(version=own.version + 1, due_at=sa.func.now(), attempts=0))
