"""Whether styles of members may have to be trained; it loads no model, as the timetable asks it often."""

from __future__ import annotations

from bot.store.learning.new_votes import count_new_votes
from bot.store.learning.profiles import read_wanted
from easel.postgres import open_migrated_postgres
from engine.settings import EngineSettings
from engine.store.database import open_database

_COUNTED_AGAIN = 50
"""How many new presses of members make it worth while to count votes again."""


async def profiles_are_due(settings: EngineSettings) -> bool:
    """Return whether votes should be counted again for members who want a style of their own."""
    async with (
        open_migrated_postgres(settings) as url,
        open_database(url, pool_size=1) as database,
        database.begin() as connection,
    ):
        counted = [one.counted_at for one in await read_wanted(connection)]
        times = [at for at in counted if at is not None]
        if len(times) < len(counted) or not counted:
            return bool(counted)
        return await count_new_votes(connection, min(times), most=_COUNTED_AGAIN) >= _COUNTED_AGAIN
