"""How a process is asked to stop: SIGINT or SIGTERM once, and again for haste."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Orders:
    """What this process was told.

    stop: end what is in hand, then end. hurry: let go of what is in hand; never set before `stop`.
    """

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    hurry: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def stop_on_signals() -> AsyncIterator[Orders]:
    """Yield orders that the first SIGINT or SIGTERM turns to `stop`, and the next one to `hurry`."""
    orders = Orders()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _obey, orders)
    try:
        yield orders
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _obey(orders: Orders) -> None:
    if orders.stop.is_set():
        orders.hurry.set()
    orders.stop.set()
