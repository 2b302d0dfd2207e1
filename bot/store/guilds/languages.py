"""Keeps at hand which language is set for which guild, because every answer asks for it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from bot.store.guilds.settings import read_languages
from engine.contract.errors import StoreUnavailable
from engine.store.database import Database

_INTERVAL = timedelta(seconds=15)
"""How long other bot processes answer in the language from before; the one that changed it does not."""

_log = structlog.get_logger()


async def keep_reading_languages(database: Database, languages: dict[int, str]) -> None:
    """Update the languages every few seconds, until cancelled; not while Postgres is away."""
    while True:
        try:
            async with database.begin() as connection:
                found = await read_languages(connection)
            languages.clear()
            languages.update(found)
        except StoreUnavailable as error:
            _log.warning("languages_not_read", cause=str(error))
        await asyncio.sleep(_INTERVAL.total_seconds())
