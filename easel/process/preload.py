"""Opens a slow resource in the background while others open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar


class PreloadCancelled(Exception):
    """The preload was cancelled before the resource was open."""


Resource = TypeVar("Resource")
Opener = Callable[[], AbstractAsyncContextManager[Resource]]


@asynccontextmanager
async def preload(opener: Opener[Resource], cancel: asyncio.Event) -> AsyncIterator[Opener[Resource]]:
    """Start opening the resource at once; yield an opener that waits for it and raises what opening raised.

    cancel: when set, the yielded opener raises PreloadCancelled instead of waiting.

    Guarantees: the resource is closed on exit, even if nobody waited for it or it was still opening.
    """
    opened: asyncio.Future[Resource] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()
    holder = asyncio.create_task(_hold(opener, opened, done))

    @asynccontextmanager
    async def waiting() -> AsyncIterator[Resource]:
        cancelling = asyncio.create_task(cancel.wait())
        try:
            await asyncio.wait((opened, holder, cancelling), return_when=asyncio.FIRST_COMPLETED)
        finally:
            cancelling.cancel()
        if holder.done():
            holder.result()
        if not opened.done():
            raise PreloadCancelled
        yield opened.result()

    try:
        yield waiting
    finally:
        done.set()
        if not opened.done():
            holder.cancel()
        await asyncio.wait((holder,))


async def _hold(opener: Opener[Resource], opened: asyncio.Future[Resource], done: asyncio.Event) -> None:
    async with opener() as resource:
        opened.set_result(resource)
        await done.wait()
