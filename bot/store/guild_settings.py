"""What those who manage a guild set for it, and who changed what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.interaction import InteractionContext
from bot.store.members import lock_members
from bot.store.tables import GuildSetting, guild_changes, guild_words, members
from engine.safety.words import NO_RULES, WordRules, rules_from_texts

_WORDS = sa.select(guild_words).where(
    guild_words.c.guild_id == sa.any_(sa.bindparam("guild_ids", type_=pg.ARRAY(sa.BigInteger)))
)


@dataclass(frozen=True, kw_only=True)
class GuildChange:
    """A change of a setting.

    discord_id: of who made it; None if they were erased since.
    """

    setting: GuildSetting
    added: tuple[str, ...]
    removed: tuple[str, ...]
    discord_id: int | None
    at: datetime


async def read_word_rules(connection: AsyncConnection, guild_ids: Sequence[int | None]) -> list[WordRules]:
    """Return the rules of each guild, and none outside guilds."""
    wanted = sorted({guild_id for guild_id in guild_ids if guild_id is not None})
    rows = (await connection.execute(_WORDS, {"guild_ids": wanted})).all() if wanted else ()
    found = {row.guild_id: rules_from_texts(tuple(row.rules)) for row in rows}
    return [NO_RULES if guild_id is None else found.get(guild_id, NO_RULES) for guild_id in guild_ids]


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
    changed = GuildChange(
        setting=GuildSetting.WORDS,
        added=tuple(rule for rule in new if rule not in old),
        removed=tuple(rule for rule in old if rule not in new),
        discord_id=context.discord_id,
        at=context.at,
    )
    if new != old:
        await connection.execute(sa.update(guild_words).where(here).values(rules=list(new)))
        await note_change(connection, context, changed)
    return changed


async def read_changes(connection: AsyncConnection, guild_id: int, *, limit: int) -> list[GuildChange]:
    """Return the last changes of the guild's settings, the newest first."""
    own = guild_changes.c
    query = sa.select(guild_changes, members.c.discord_id).outerjoin(members, members.c.id == own.member_id)
    newest = query.where(own.guild_id == guild_id).order_by(own.press_id.desc()).limit(limit)
    return [_change_from_row(row) for row in await connection.execute(newest)]


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


async def note_change(connection: AsyncConnection, context: InteractionContext, changed: GuildChange) -> None:
    """Keep who changed what; the same interaction is kept once."""
    (member,) = await lock_members(connection, [context.discord_id])
    row = {
        "press_id": int(context.id),
        "guild_id": context.guild_id,
        "member_id": member.id,
        "setting": changed.setting.value,
        "added": list(changed.added),
        "removed": list(changed.removed),
        "at": changed.at,
    }
    await connection.execute(pg.insert(guild_changes).on_conflict_do_nothing(index_elements=["press_id"]), row)
