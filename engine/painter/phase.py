"""What a painting process is doing; standard library only."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """What a painting process is doing; the supervisor has a timeout for each."""

    IDLE = "idle"
    LOAD = "load"
    STEP = "step"
    DECODE = "decode"
