"""What those who manage a guild have set for its gallery; every change is kept with who made it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.gallery.tables import galleries
from bot.store.guilds.changes import GuildChange, record_change
from bot.store.guilds.tables import GuildSetting
from bot.store.interaction import InteractionContext

DEFAULT_THRESHOLD = 3

_KEY_BYTES = 12


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """The gallery of a guild.

    channel_id, threshold: where pictures are posted that at least so many members like; None where nothing is posted.
    names_authors: whether a post says whose picture it is. page_key: of its public page; None where it has none.
    """

    channel_id: int | None = None
    threshold: int | None = None
    names_authors: bool = True
    page_key: str | None = None


async def read_gallery(connection: AsyncConnection, guild_id: int) -> Gallery:
    """Return the gallery of the guild; as it is without any setting if there is none."""
    row = (await connection.execute(sa.select(galleries).where(galleries.c.guild_id == guild_id))).one_or_none()
    return Gallery() if row is None else _gallery_from_row(row)


async def find_page_guild(connection: AsyncConnection, page_key: str) -> int | None:
    """Return the guild whose public page has the key; None if no page has, or the guild is closed to publishing."""
    query = sa.text("""
        SELECT guild_id FROM galleries WHERE page_key = :page_key AND coalesce((
            SELECT is_collecting FROM guild_choices
            WHERE guild_choices.guild_id = galleries.guild_id ORDER BY press_id DESC LIMIT 1
        ), true)
    """)
    guild_id = (await connection.execute(query, {"page_key": page_key})).scalar_one_or_none()
    return None if guild_id is None else int(guild_id)


async def set_channel(
    connection: AsyncConnection,
    context: InteractionContext,
    channel_id: int | None,
    *,
    threshold: int = 1,
    names_authors: bool = True,
) -> GuildChange:
    """Post what so many members like in the channel from now on, or nothing for None."""
    old = await _lock(connection, context)
    new = replace(
        old,
        channel_id=channel_id,
        threshold=None if channel_id is None else threshold,
        names_authors=old.names_authors if channel_id is None else names_authors,
    )
    return await _store(connection, context, old, new)


async def change_channel(connection: AsyncConnection, context: InteractionContext, **changes: Any) -> Gallery:
    """Change what is posted where, by the names of `Gallery`, leave the rest as it is, and return the gallery."""
    old = await _lock(connection, context)
    new = replace(old, **changes)
    threshold = None if new.channel_id is None else new.threshold or DEFAULT_THRESHOLD
    new = replace(new, threshold=threshold)
    await _store(connection, context, old, new)
    return new


async def set_page(connection: AsyncConnection, context: InteractionContext, *, is_on: bool) -> tuple[str | None, bool]:
    """Open the public page, at an address that nobody can guess, or close it, so that its address leads nowhere.

    Return the key, and whether that changed anything.
    """
    old = await _lock(connection, context)
    if is_on is (old.page_key is not None):
        return old.page_key, False
    new = replace(old, page_key=secrets.token_urlsafe(_KEY_BYTES) if is_on else None)
    await _store(connection, context, old, new)
    return new.page_key, True


async def _lock(connection: AsyncConnection, context: InteractionContext) -> Gallery:
    assert context.guild_id is not None
    await connection.execute(pg.insert(galleries).values(guild_id=context.guild_id).on_conflict_do_nothing())
    query = sa.select(galleries).where(galleries.c.guild_id == context.guild_id).with_for_update()
    return _gallery_from_row((await connection.execute(query)).one())


async def _store(connection: AsyncConnection, context: InteractionContext, old: Gallery, new: Gallery) -> GuildChange:
    values = {
        "channel_id": new.channel_id,
        "threshold": new.threshold,
        "names_authors": new.names_authors,
        "page_key": new.page_key,
        "since": sa.func.coalesce(galleries.c.since, sa.func.now()) if new.channel_id else None,
    }
    await connection.execute(sa.update(galleries).where(galleries.c.guild_id == context.guild_id).values(values))
    before, after = _shown(old), _shown(new)
    return await record_change(connection, context, GuildSetting.GALLERY, before=before, after=after)


def _shown(gallery: Gallery) -> tuple[str, ...]:
    """Return the setting as the list of changes shows it, in signs that need no translation."""
    page = ("🌐",) if gallery.page_key else ()
    if gallery.channel_id is None:
        return page
    author = ("👤",) if gallery.names_authors else ()
    return (f"<#{gallery.channel_id}>", f"❤️ {gallery.threshold}", *author, *page)


def _gallery_from_row(row: sa.Row[tuple[object, ...]]) -> Gallery:
    return Gallery(
        channel_id=row.channel_id,
        threshold=row.threshold,
        names_authors=row.names_authors,
        page_key=row.page_key,
    )
