"""Who changed what in the settings of a guild: every command and press that changes one says so here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.guilds.tables import GuildSetting, guild_changes
from bot.store.interaction import InteractionContext
from bot.store.members import lock_members
from bot.store.tables import members

_KNOWN = [setting.value for setting in GuildSetting]


@dataclass(frozen=True, kw_only=True)
class GuildChange:
    """A change of a setting: which of its values are new, and which are gone.

    discord_id: of who made it; None if they were erased since.
    """

    setting: GuildSetting
    added: tuple[str, ...]
    removed: tuple[str, ...]
    discord_id: int | None
    at: datetime


async def record_change(
    connection: AsyncConnection,
    context: InteractionContext,
    setting: GuildSetting,
    *,
    before: Sequence[str],
    after: Sequence[str],
) -> GuildChange:
    """Keep who changed a setting of the interaction's guild, in the transaction that changes it.

    A setting that was not changed is not kept, and neither is the same interaction a second time. Erasing the member
    keeps the change without their name.

    before, after: the setting's values as `bot.replies.guild_change_replies` shows them: of one value a single text,
        such as `on` or the mention of a channel, nothing where it is not set.
    """
    change = GuildChange(
        setting=setting,
        added=tuple(value for value in after if value not in before),
        removed=tuple(value for value in before if value not in after),
        discord_id=context.discord_id,
        at=context.at,
    )
    if change.added or change.removed:
        await _store(connection, context, change)
    return change


async def read_changes(
    connection: AsyncConnection, guild_id: int, *, limit: int, offset: int = 0
) -> tuple[GuildChange, ...]:
    """Return changes of the guild's settings, the newest first; those of settings of a newer release are left out."""
    own = guild_changes.c
    query = sa.select(guild_changes, members.c.discord_id).outerjoin(members, members.c.id == own.member_id)
    known = own.setting == sa.any_(sa.literal(_KNOWN, pg.ARRAY(sa.Text)))
    newest = query.where(own.guild_id == guild_id, known).order_by(own.press_id.desc())
    rows = await connection.execute(newest.limit(limit).offset(offset))
    return tuple(map(_change_from_row, rows))


async def _store(connection: AsyncConnection, context: InteractionContext, change: GuildChange) -> None:
    (member,) = await lock_members(connection, [context.discord_id])
    row = {
        "press_id": int(context.id),
        "guild_id": context.guild_id,
        "member_id": member.id,
        "setting": change.setting.value,
        "added": list(change.added),
        "removed": list(change.removed),
        "at": change.at,
    }
    await connection.execute(pg.insert(guild_changes).on_conflict_do_nothing(index_elements=["press_id"]), row)


def _change_from_row(row: sa.Row[tuple[object, ...]]) -> GuildChange:
    # Of somebody who is being erased, the id is negative.
    is_known = row.discord_id is not None and row.discord_id > 0
    return GuildChange(
        setting=GuildSetting(row.setting),
        added=tuple(row.added),
        removed=tuple(row.removed),
        discord_id=row.discord_id if is_known else None,
        at=row.at,
    )
