"""One transaction at a time for each member, so that one who presses fast holds a connection and not the pool."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary


class Turns:
    """Locks by Discord user; those that nobody holds or waits for are forgotten."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def of(self, discord_id: int) -> asyncio.Lock:
        """Return the member's lock, the same for everybody who holds or waits for it."""
        lock = self._locks.get(discord_id)
        if lock is None:
            lock = self._locks[discord_id] = asyncio.Lock()
        return lock

    def __len__(self) -> int:
        return len(self._locks)
