"""Where Easel answers in a guild, in which language, and where it posts what the operator announces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.guilds.changes import record_change
from bot.store.guilds.tables import GuildSetting, guild_settings
from bot.store.interaction import InteractionContext


@dataclass(frozen=True, kw_only=True)
class GuildSettings:
    """What is set for a guild.

    channels: where jobs are started; everywhere if there is none. language: None for that of each member.
    announcements: the channel of the operator's announcements; None where they are not wanted.
    shares_adapters: whether members may share their adapters.
    """

    channels: tuple[int, ...] = ()
    language: str | None = None
    announcements: int | None = None
    shares_adapters: bool = True


async def read_settings(connection: AsyncConnection, guild_id: int) -> GuildSettings:
    """Return what is set for the guild."""
    query = sa.select(guild_settings).where(guild_settings.c.guild_id == guild_id)
    return _settings_from_row((await connection.execute(query)).one_or_none())


async def read_languages(connection: AsyncConnection) -> dict[int, str]:
    """Return the language of each guild that has one set."""
    query = sa.select(guild_settings.c.guild_id, guild_settings.c.language)
    rows = await connection.execute(query.where(guild_settings.c.language.is_not(None)))
    return {row.guild_id: row.language for row in rows}


async def set_channels(connection: AsyncConnection, context: InteractionContext, channels: Sequence[int]) -> None:
    """Let jobs be started in these channels alone, everywhere if there is none, and note who said so."""
    old = await _lock(connection, context)
    new = tuple(sorted(set(channels)))
    await _change(connection, context, {"channels": list(new)})
    before, after = (tuple(f"<#{one}>" for one in ids) or ("everywhere",) for ids in (old.channels, new))
    await record_change(connection, context, GuildSetting.CHANNELS, before=before, after=after)


async def set_language(connection: AsyncConnection, context: InteractionContext, language: str | None) -> None:
    """Answer everybody in the guild in the language, or each in their own for None, and note who said so."""
    old = await _lock(connection, context)
    await _change(connection, context, {"language": language})
    before, after = ((one or "member",) for one in (old.language, language))
    await record_change(connection, context, GuildSetting.LANGUAGE, before=before, after=after)


async def set_announcements(connection: AsyncConnection, context: InteractionContext, channel_id: int | None) -> None:
    """Post what the operator announces in the channel from now on, or nowhere for None, and note who said so."""
    old = await _lock(connection, context)
    await _change(connection, context, {"announcements": channel_id})
    before, after = ("off" if one is None else f"<#{one}>" for one in (old.announcements, channel_id))
    await record_change(connection, context, GuildSetting.ANNOUNCEMENTS, before=[before], after=[after])


async def set_sharing(connection: AsyncConnection, context: InteractionContext, *, is_allowed: bool) -> None:
    """Let members share their adapters, or nobody use what they have shared, and note who said so."""
    old = await _lock(connection, context)
    await _change(connection, context, {"shares_adapters": is_allowed})
    before, after = (("on",) if one else ("off",) for one in (old.shares_adapters, is_allowed))
    await record_change(connection, context, GuildSetting.ADAPTERS, before=before, after=after)


async def _lock(connection: AsyncConnection, context: InteractionContext) -> GuildSettings:
    assert context.guild_id is not None
    await connection.execute(pg.insert(guild_settings).values(guild_id=context.guild_id).on_conflict_do_nothing())
    query = sa.select(guild_settings).where(guild_settings.c.guild_id == context.guild_id).with_for_update()
    return _settings_from_row((await connection.execute(query)).one())


async def _change(connection: AsyncConnection, context: InteractionContext, values: Mapping[str, Any]) -> None:
    here = guild_settings.c.guild_id == context.guild_id
    await connection.execute(sa.update(guild_settings).where(here).values(values))


def _settings_from_row(row: sa.Row[Any] | None) -> GuildSettings:
    if row is None:
        return GuildSettings()
    return GuildSettings(
        channels=tuple(row.channels),
        language=row.language,
        announcements=row.announcements,
        shares_adapters=row.shares_adapters,
    )
