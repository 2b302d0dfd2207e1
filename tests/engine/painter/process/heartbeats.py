"""Records a painter's heartbeats: the phases that its loop enters."""

from __future__ import annotations

import asyncio

from engine.painter.phase import Phase

TIMEOUT_SECONDS = 30


class HeartbeatRecorder:
    """A `heartbeat` callback that keeps the phases until a test asks for them."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._phases: asyncio.Queue[Phase] = asyncio.Queue()

    def __call__(self, phase: Phase) -> None:
        self._loop.call_soon_threadsafe(self._phases.put_nowait, phase)

    async def next(self) -> Phase:
        """Return the next phase. Raises: AssertionError when there is none within the timeout."""
        try:
            return await asyncio.wait_for(self._phases.get(), TIMEOUT_SECONDS)
        except TimeoutError as error:
            raise AssertionError(f"the painter sent no heartbeat for {TIMEOUT_SECONDS} seconds") from error

    async def until(self, phase: Phase) -> list[Phase]:
        """Return the phases before the next heartbeat of this phase."""
        before = []
        while (heard := await self.next()) is not phase:
            before.append(heard)
        return before
