"""What administrators chose for their guild: whether what happens there may be used for more than answering.

Where they chose that it may not, the log says so of each record, and no export has it: neither what happened while the
guild was closed, nor, while it is closed, anything that ever happened in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.feedback.store.tables import guild_choices

closed_guilds = sa.table(
    "closed_guilds",
    sa.column("guild_id", sa.BigInteger),
    sa.column("since_press", sa.BigInteger),
    sa.column("until_press", sa.BigInteger),
    sa.column("since", sa.TIMESTAMP(timezone=True)),
    sa.column("until", sa.TIMESTAMP(timezone=True)),
)
"""A view: for each guild, when it was closed; of one that is closed now, that is always."""


@dataclass(frozen=True, kw_only=True)
class GuildChoice:
    """A choice for a guild, and the proof of it; the newest interaction of a guild is in force."""

    press_id: int
    guild_id: int
    is_collecting: bool
    at: datetime


async def store_guild_choices(connection: AsyncConnection, choices: Sequence[GuildChoice]) -> list[None]:
    """Store the choices; one that is stored already changes nothing."""
    rows = [
        {
            "press_id": choice.press_id,
            "guild_id": choice.guild_id,
            "is_collecting": choice.is_collecting,
            "at": choice.at,
        }
        for choice in choices
    ]
    await connection.execute(pg.insert(guild_choices).on_conflict_do_nothing(index_elements=["press_id"]), rows)
    return [None] * len(choices)


async def is_collecting(connection: AsyncConnection, guild_id: int) -> bool:
    """Return whether what happens in the guild may be used for more than answering; nobody's choice is yes."""
    query = sa.select(guild_choices.c.is_collecting).where(guild_choices.c.guild_id == guild_id)
    newest = (await connection.execute(query.order_by(guild_choices.c.press_id.desc()).limit(1))).scalar()
    return newest is None or bool(newest)
