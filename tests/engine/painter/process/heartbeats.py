"""What whoever watches a painter hears of it: the phases that its loop comes to."""

from __future__ import annotations

import asyncio

from engine.painter.phase import Phase

PATIENCE_SECONDS = 30


class Beats:
    """A painter's `beat`, which keeps what it is told until a test asks for it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._heard: asyncio.Queue[Phase] = asyncio.Queue()

    def __call__(self, phase: Phase) -> None:
        self._loop.call_soon_threadsafe(self._heard.put_nowait, phase)

    async def next(self) -> Phase:
        """Return the next phase. Raises: AssertionError when there is none for longer than is patient."""
        try:
            return await asyncio.wait_for(self._heard.get(), PATIENCE_SECONDS)
        except TimeoutError as error:
            raise AssertionError(f"the painter has said nothing for {PATIENCE_SECONDS} seconds") from error

    async def until(self, phase: Phase) -> list[Phase]:
        """Return what comes before the next beat of this phase."""
        before = []
        while (heard := await self.next()) is not phase:
            before.append(heard)
        return before
