"""What the service allows now: an adapter may be promoted, or taken back, while the bot serves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from engine.prompt import Limits

LookForLimits = Callable[[], Awaitable[Limits]]

_INTERVAL = timedelta(seconds=2)


@dataclass(kw_only=True)
class LimitsInForce:
    """The limits as they were last read."""

    now: Limits = field(default_factory=Limits)


async def keep_reading_limits(in_force: LimitsInForce, look: LookForLimits) -> None:
    """Update the limits every few seconds, until cancelled."""
    while True:
        await asyncio.sleep(_INTERVAL.total_seconds())
        in_force.now = await look()
