"""Work that waits as rows in the database and that each process claims one by one, whichever process it is."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from datetime import timedelta
from typing import ClassVar

from engine.error_boundary import logged_result_of

INTERVAL = timedelta(seconds=15)
"""How often to look for work that another process has left."""


class ClaimedWork(ABC):
    """Works on one row at a time; several processes share them.

    rest: how long it leaves alone after each, in which many requests become one.
    """

    rest: ClassVar[timedelta] = timedelta()

    def __init__(self) -> None:
        self._is_requested = asyncio.Event()

    def wake(self) -> None:
        """Look for work now."""
        self._is_requested.set()

    async def run(self) -> None:
        """Work until cancelled; what fails is tried again."""
        while True:
            self._is_requested.clear()
            pause = await logged_result_of(self.work_on_next())
            await asyncio.sleep(self.rest.total_seconds())
            try:
                async with asyncio.timeout((pause if isinstance(pause, timedelta) else INTERVAL).total_seconds()):
                    await self._is_requested.wait()
            except TimeoutError:
                continue

    @abstractmethod
    async def work_on_next(self) -> timedelta:
        """Go on with the oldest row; return after how long to look again."""
