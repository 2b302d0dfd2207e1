"""How long the queue is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class QueueState:
    """How many jobs wait for any engine, how many are being painted, and since when the oldest one waits, if any.

    is_paused: whether engines take no jobs, as an operator has told them.
    """

    num_waiting: int
    num_running: int
    waiting_since: datetime | None
    is_paused: bool = False
