"""The presses whose members wait for an answer at this moment: what nobody waits for gives way to them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

LONGEST = timedelta(seconds=0.5)
"""How long other work gives way. Where presses come all the time, it goes on beside them; and one that is not answered
by then waits for something else, such as a picture that is fetched."""


class Unanswered:
    """Presses from their arrival to their answer, as long as that takes no longer than `LONGEST`."""

    def __init__(self) -> None:
        self._open: set[object] = set()
        self._none = asyncio.Event()
        self._none.set()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Have a press in the way of other work until the block ends, in which it is answered."""
        press = object()
        self._open.add(press)
        self._none.clear()
        late = asyncio.get_running_loop().call_later(LONGEST.total_seconds(), self._let_past, press)
        try:
            yield
        finally:
            late.cancel()
            self._let_past(press)

    async def give_way(self) -> None:
        """Return when nobody waits for an answer, or after `LONGEST`."""
        if self._open:
            with suppress(TimeoutError):
                async with asyncio.timeout(LONGEST.total_seconds()):
                    await self._none.wait()

    def _let_past(self, press: object) -> None:
        self._open.discard(press)
        if not self._open:
            self._none.set()
