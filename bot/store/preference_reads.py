"""Reads what members prefer before their first prompt; those who ask in the same moment share a statement."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from bot.policy.preferences import MemberPreferences
from bot.store.preferences import read_preferences
from engine.error_boundary import result_of
from engine.store.database import Database


class PreferenceReads:
    """One statement at a time; who asks while it is under way is in the next one.

    limit: how long one may take.
    """

    def __init__(self, database: Database, *, limit: timedelta) -> None:
        self._database, self._limit = database, limit
        self._asked: dict[int, asyncio.Future[MemberPreferences]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def read(self, discord_id: int) -> MemberPreferences:
        """Return what the Discord user prefers now.

        Raises: StoreUnavailable.
        """
        if discord_id not in self._asked:
            self._asked[discord_id] = asyncio.get_running_loop().create_future()
        asked = self._asked[discord_id]
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_all(), name="preference-reads")
        # One who gives up leaves the others who wait for the same.
        return await asyncio.shield(asked)

    async def _read_all(self) -> None:
        while self._asked:
            asked, self._asked = self._asked, {}
            read = await result_of(self._read(list(asked)))
            for discord_id, future in asked.items():
                if isinstance(read, Exception):
                    future.set_exception(read)
                else:
                    future.set_result(read[discord_id])
        self._reading = None

    async def _read(self, discord_ids: Sequence[int]) -> dict[int, MemberPreferences]:
        async with self._database.begin(limit=self._limit) as connection:
            return await read_preferences(connection, discord_ids)
