"""The forwards of a painter, seen from its own thread, which stands still before a chosen one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from uuid import UUID

from tests.engine.painter.requests import Batches


class Forwards:
    """A painter's `watch`: the rows of every forward; it goes on from the one that is held when it is let go."""

    def __init__(self, *, held: int) -> None:
        """`held` counts from 1."""
        self.batches: Batches = []
        self.hold(held)

    def hold(self, number: int) -> None:
        """Let the forward that is the `number`th from now stand still; not while another does."""
        self._reached, self._let_go = threading.Event(), threading.Event()
        self._held = len(self.batches) + number

    def __call__(self, rows: Sequence[tuple[UUID, int]]) -> None:
        """Note the rows; in the forward that is held, wait."""
        self.batches.append(rows)
        if len(self.batches) == self._held:
            self._reached.set()
            self._let_go.wait()

    async def until_held(self) -> None:
        """Return when the painter's thread stands still."""
        await asyncio.to_thread(self._reached.wait)

    def let_go(self) -> None:
        """Let it go on."""
        self._let_go.set()
