"""The switches of a guild that are stored elsewhere: its pause, and the use of what happens there; each notes who."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.guild_queue import pause_guild, resume_guild
from bot.store.guilds.changes import record_change
from bot.store.guilds.tables import GuildSetting
from bot.store.interaction import InteractionContext
from engine.feedback.store.guilds import GuildChoice, store_guild_choices
from engine.feedback.store.guilds import is_collecting as read_collecting

__all__ = ["read_collecting", "set_collecting", "set_pause"]

_SHOWN = {True: ("on",), False: ("off",)}


async def set_pause(connection: AsyncConnection, context: InteractionContext, *, is_paused: bool) -> bool:
    """Pause or resume the guild; return whether that changed anything."""
    assert context.guild_id is not None
    is_changed = await (pause_guild if is_paused else resume_guild)(connection, context.guild_id)
    before = is_paused is not is_changed
    await record_change(connection, context, GuildSetting.PAUSE, before=_SHOWN[before], after=_SHOWN[is_paused])
    return is_changed


async def set_collecting(connection: AsyncConnection, context: InteractionContext, *, is_collecting: bool) -> None:
    """Store whether what happens in the guild may be used for more than answering; an administrator says so there."""
    assert context.guild_id is not None and context.is_administrator
    before = await read_collecting(connection, context.guild_id)
    choice = GuildChoice(
        press_id=int(context.id), guild_id=context.guild_id, is_collecting=is_collecting, at=context.at
    )
    await store_guild_choices(connection, [choice])
    await record_change(connection, context, GuildSetting.CONSENT, before=_SHOWN[before], after=_SHOWN[is_collecting])
