"""The words that prompts in a guild may not have."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.guilds.changes import GuildChange, record_change
from bot.store.guilds.tables import GuildSetting, guild_words
from bot.store.interaction import InteractionContext


async def read_words(connection: AsyncConnection, guild_id: int) -> tuple[str, ...]:
    """Return the rules of the guild as they were written."""
    rules = (
        await connection.execute(sa.select(guild_words.c.rules).where(guild_words.c.guild_id == guild_id))
    ).scalar()
    return tuple(rules or ())


async def change_words(
    connection: AsyncConnection, context: InteractionContext, change: Callable[[tuple[str, ...]], tuple[str, ...]]
) -> GuildChange:
    """Change the rules of the guild, and note who did; the same interaction changes nothing again.

    Of two changes at once, the second is made to what the first has left.

    Raises: what `change` raises; nothing is changed then.
    """
    assert context.guild_id is not None
    own = {"guild_id": context.guild_id}
    await connection.execute(pg.insert(guild_words).on_conflict_do_nothing(), {**own, "rules": []})
    here = guild_words.c.guild_id == context.guild_id
    old = tuple((await connection.execute(sa.select(guild_words.c.rules).where(here).with_for_update())).scalar_one())
    new = change(old)
    if new != old:
        await connection.execute(sa.update(guild_words).where(here).values(rules=list(new)))
    return await record_change(connection, context, GuildSetting.WORDS, before=old, after=new)
