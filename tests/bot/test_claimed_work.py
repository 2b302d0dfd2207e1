"""How often work that each process claims is looked for."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.claimed_work import INTERVAL, ClaimedWork


class CountedWork(ClaimedWork):
    """Counts how often it looks."""

    def __init__(self) -> None:
        super().__init__()
        self.num_looks = 0

    async def work_on_next(self) -> timedelta:
        self.num_looks += 1
        return INTERVAL


class RestingWork(CountedWork):
    rest = timedelta(hours=1)


async def looks_of(work: CountedWork) -> int:
    """Return how often it looks when it is asked to many times in a row."""
    running = asyncio.create_task(work.run())
    for _ in range(100):
        await asyncio.sleep(0)
        work.wake()
    running.cancel()
    return work.num_looks


async def test_requests_become_one_while_it_rests() -> None:
    """The first one is not kept waiting; without a rest there are as many looks as there is time for."""
    assert await looks_of(RestingWork()) == 1
    assert await looks_of(CountedWork()) > 1
