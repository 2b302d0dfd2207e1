"""Who may paint: any number of jobs together, one that may crash the painter alone, or a training behind all others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Admission:
    """Lets jobs into the painter in the order in which they ask."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._num_inside = 0
        self._is_empty = asyncio.Event()
        self._is_empty.set()
        self._is_asked = asyncio.Event()

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """Enter beside others; wait while a job is inside alone, or waits for that and asked before."""
        self._is_asked.set()
        async with self._turn:
            self._enter()
        try:
            yield
        finally:
            self._leave()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Enter when all others have left, and let nobody in until the block ends."""
        self._is_asked.set()
        async with self._turn:
            await self._is_empty.wait()
            self._enter()
            try:
                yield
            finally:
                self._leave()

    @asynccontextmanager
    async def behind(self) -> AsyncIterator[asyncio.Event | None]:
        """Enter where nobody is inside or asks to be; None elsewhere. The event is set when another asks to enter."""
        if self._num_inside or self._turn.locked():
            yield None
            return
        self._is_asked = asyncio.Event()
        self._enter()
        try:
            yield self._is_asked
        finally:
            self._leave()

    def _enter(self) -> None:
        self._num_inside += 1
        self._is_empty.clear()

    def _leave(self) -> None:
        self._num_inside -= 1
        if not self._num_inside:
            self._is_empty.set()
