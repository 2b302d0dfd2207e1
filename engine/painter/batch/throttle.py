"""How far whoever launches work on a device may be ahead of it: a step, or progress and cancellation would be lies."""

from __future__ import annotations

import torch


class LaunchThrottle:
    """Waits, after each step, for the step before it; on a CPU steps are over when they return.

    A card takes a thousand launches before it lets anybody wait, and a step that was recorded as one graph is one
    launch: a whole job would be launched before its second step is painted, and nobody could leave or join.
    """

    def __init__(self) -> None:
        self._last: torch.cuda.Event | None = None

    def step(self, device: torch.device) -> None:
        """Note that a step was launched, and return when the one before it is painted."""
        if device.type != "cuda":
            return
        event = torch.cuda.Event()  # type: ignore[no-untyped-call]
        event.record()
        if self._last is not None:
            self._last.synchronize()
        self._last = event
