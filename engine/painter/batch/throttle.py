"""Keeps the launching thread at most one step ahead of the device, so that progress and cancellation are true."""

from __future__ import annotations

import torch


class LaunchThrottle:
    """Waits after each step for the step before it; on a CPU a step is done when it returns.

    A card queues a thousand launches before it makes the caller wait, and a step recorded as one graph is one launch:
    a whole job would be launched before its second step is painted, and no request could leave or join.
    """

    def __init__(self) -> None:
        self._previous: torch.cuda.Event | None = None

    def wait_for_previous_step(self, device: torch.device) -> None:
        """Note that a step was launched, and return when the one before it is done."""
        if device.type != "cuda":
            return
        event = torch.cuda.Event()  # type: ignore[no-untyped-call]
        event.record()
        if self._previous is not None:
            self._previous.synchronize()
        self._previous = event
