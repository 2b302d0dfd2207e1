"""Records a painter's forwards, and pauses its thread before a chosen one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from uuid import UUID

from tests.engine.painter.requests import Batches


class ForwardRecorder:
    """An `on_forward` callback that keeps the rows of every forward and pauses before one of them until resumed."""

    def __init__(self, *, pause_at: int) -> None:
        """`pause_at` counts from 1."""
        self.batches: Batches = []
        self.pause_at(pause_at)

    def pause_at(self, number: int) -> None:
        """Pause at the `number`th forward from now; not while paused."""
        self._paused, self._resumed = threading.Event(), threading.Event()
        self._pause_at = len(self.batches) + number

    def __call__(self, rows: Sequence[tuple[UUID, int]]) -> None:
        """Keep the rows; pause if it is the chosen forward."""
        self.batches.append(rows)
        if len(self.batches) == self._pause_at:
            self._paused.set()
            self._resumed.wait()

    async def wait_paused(self) -> None:
        """Return when the painter's thread is paused."""
        await asyncio.to_thread(self._paused.wait)

    def resume(self) -> None:
        """Let the painter's thread continue."""
        self._resumed.set()
