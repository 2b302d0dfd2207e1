"""Opening something slow while other things are opened: begun at once, waited for where it is needed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar


class Abandoned(Exception):
    """The thing was given up before it was open."""


Thing = TypeVar("Thing")
Opener = Callable[[], AbstractAsyncContextManager[Thing]]


@asynccontextmanager
async def opening_early(opener: Opener[Thing], give_up: asyncio.Event) -> AsyncIterator[Opener[Thing]]:
    """Begin to open at once, and yield an opener that waits for it and raises what opening raised.

    give_up: set, it makes the yielded opener raise Abandoned instead of waiting on.

    What was opened is closed on the way out, also when nobody waited for it or it was still being opened.
    """
    opened: asyncio.Future[Thing] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()
    holding = asyncio.create_task(_hold(opener, opened, done))

    @asynccontextmanager
    async def waiting() -> AsyncIterator[Thing]:
        giving_up = asyncio.create_task(give_up.wait())
        try:
            await asyncio.wait((opened, holding, giving_up), return_when=asyncio.FIRST_COMPLETED)
        finally:
            giving_up.cancel()
        if holding.done():
            holding.result()
        if not opened.done():
            raise Abandoned
        yield opened.result()

    try:
        yield waiting
    finally:
        done.set()
        if not opened.done():
            holding.cancel()
        await asyncio.wait((holding,))


async def _hold(opener: Opener[Thing], opened: asyncio.Future[Thing], done: asyncio.Event) -> None:
    async with opener() as thing:
        opened.set_result(thing)
        await done.wait()
