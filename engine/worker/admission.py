"""Who may paint: any number of jobs together, one that may crash the painter alone, or a training behind all others.

A training that has waited for long has a turn beside the others.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

_FORGOTTEN_SECONDS = 60.0
"""After this, nobody waits who was refused before: trainings ask every second."""


class Admission:
    """Lets jobs into the painter in the order in which they ask."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._num_inside = 0
        self._is_empty = asyncio.Event()
        self._is_empty.set()
        # Set when the training that is inside is to make way, which it need not before its turn has been long enough.
        self._make_way = asyncio.Event()
        self._least_until = 0.0
        self._has_training = False
        # When a training was refused for the first time since the last one had its turn, and for the last time.
        self._refused: tuple[float, float] | None = None

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """Enter beside others; wait while a job is inside alone, or waits for that and asked before."""
        self._ask()
        async with self._turn:
            self._enter()
        try:
            yield
        finally:
            self._leave()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Enter when all others have left, and let nobody in until the block ends."""
        self._make_way.set()
        async with self._turn:
            await self._is_empty.wait()
            self._enter()
            try:
                yield
            finally:
                self._leave()

    @asynccontextmanager
    async def behind(self, patience: timedelta, least: timedelta) -> AsyncIterator[asyncio.Event | None]:
        """Enter where nobody is inside or asks to be; None elsewhere. The event is set when it is to make way.

        patience: after trainings were refused for so long, one enters beside the others, and makes way after `least`.
        """
        now, is_free = time.monotonic(), not self._is_wanted(0)
        is_late = self._refused is not None and now - self._refused[0] >= patience.total_seconds()
        if self._has_training or self._turn.locked() or not (is_free or is_late):
            self._note_refusal(now)
            yield None
            return
        self._refused, self._make_way, self._has_training = None, asyncio.Event(), True
        self._least_until = now + least.total_seconds() if is_late else now
        self._enter()
        if not is_free:
            self._ask()
        try:
            yield self._make_way
        finally:
            self._has_training = False
            self._leave()

    def _ask(self) -> None:
        """Let the training make way, as soon as its turn has been long enough and if somebody is there then."""
        left = self._least_until - time.monotonic()
        if left <= 0:
            self._make_way.set()
        else:
            asyncio.get_running_loop().call_later(left, self._ask_if_wanted, self._make_way)

    def _ask_if_wanted(self, make_way: asyncio.Event) -> None:
        if self._is_wanted(1):
            make_way.set()

    def _is_wanted(self, num_own: int) -> bool:
        return self._num_inside > num_own or self._turn.locked()

    def _note_refusal(self, now: float) -> None:
        first, last = self._refused or (now, now)
        self._refused = (first if now - last < _FORGOTTEN_SECONDS else now, now)

    def _enter(self) -> None:
        self._num_inside += 1
        self._is_empty.clear()

    def _leave(self) -> None:
        self._num_inside -= 1
        if not self._num_inside:
            self._is_empty.set()
