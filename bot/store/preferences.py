"""How members want Easel to work for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.preferences import (
    NO_PREFERENCES,
    WANTED,
    DirectMessages,
    MemberPreferences,
    json_from_preferences,
    preferences_from_json,
)
from bot.store.interaction import InteractionContext
from bot.store.members import lock_members
from bot.store.statements import lock_member, turn_remix
from bot.store.tables import members

_PREFERENCES = sa.select(members.c.discord_id, members.c.preferences).where(
    members.c.discord_id == sa.any_(sa.bindparam("discord_ids", type_=pg.ARRAY(sa.BigInteger)))
)


@dataclass(frozen=True, kw_only=True)
class OwnSettings:
    """What a member has set; has_remix: whether buttons that start a job ask for its prompt first."""

    preferences: MemberPreferences = NO_PREFERENCES
    has_remix: bool = False


async def toggle_remix(context: InteractionContext) -> bool:
    """Turn remix on, or off if it is on; return whether it is on now. A press, to be run by `bot.store.batch`."""
    member = await lock_member(context)
    return await turn_remix(member.id)


async def read_own_settings(connection: AsyncConnection, discord_id: int) -> OwnSettings:
    """Return what the Discord user has set; nothing if they are no member yet."""
    query = sa.select(members.c.preferences, members.c.has_remix).where(members.c.discord_id == discord_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return OwnSettings()
    return OwnSettings(preferences=preferences_from_json(row.preferences), has_remix=row.has_remix)


async def read_preferences(connection: AsyncConnection, discord_ids: Sequence[int]) -> dict[int, MemberPreferences]:
    """Return what each Discord user prefers; nothing if they are no member yet."""
    rows = await connection.execute(_PREFERENCES, {"discord_ids": list(discord_ids)})
    known = {row.discord_id: preferences_from_json(row.preferences) for row in rows}
    return {discord_id: known.get(discord_id, NO_PREFERENCES) for discord_id in discord_ids}


async def change_preferences(
    connection: AsyncConnection, context: InteractionContext, change: Callable[[MemberPreferences], MemberPreferences]
) -> MemberPreferences:
    """Change what the member prefers, and return it; of two changes at once, the second is made to the first.

    Raises: what `change` raises; nothing is changed then.
    """
    (member,) = await lock_members(connection, [context.discord_id])
    changed = change(member.preferences)
    query = sa.update(members).where(members.c.id == member.id)
    await connection.execute(query.values(preferences=json_from_preferences(changed)))
    return changed


async def stop_direct_messages(connection: AsyncConnection, member_id: UUID) -> bool:
    """Store that the member takes no direct messages; False if they want no results by them any more."""
    own = members.c
    closed = sa.func.jsonb_build_object("direct_messages", DirectMessages.CLOSED.value)
    wanted = own.preferences["direct_messages"].astext.in_(sorted(WANTED))
    query = sa.update(members).where(own.id == member_id, wanted)
    return bool((await connection.execute(query.values(preferences=own.preferences.concat(closed)))).rowcount)
