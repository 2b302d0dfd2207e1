"""Preloading: starts at once, raises where the resource is used, and always closes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from easel.process.preload import PreloadCancelled, preload


@dataclass
class SlowResource:
    """A resource that opens when `unlock` is set, and a record of what happened to it."""

    unlock: asyncio.Event = field(default_factory=asyncio.Event)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    is_open: bool = False
    error: Exception | None = None

    def opener(self) -> Callable[[], AbstractAsyncContextManager[str]]:
        """Return an opener of the resource."""

        @asynccontextmanager
        async def opened() -> AsyncIterator[str]:
            self.started.set()
            await self.unlock.wait()
            if self.error:
                raise self.error
            self.is_open = True
            self.opened.set()
            try:
                yield "opened"
            finally:
                self.is_open = False

        return opened


async def test_opening_begins_before_it_is_asked_for() -> None:
    """Opening starts in the background, and the opener yields what was opened."""
    resource = SlowResource()
    async with preload(resource.opener(), asyncio.Event()) as opener:
        await resource.started.wait()
        resource.unlock.set()
        async with opener() as value:
            assert value == "opened" and resource.is_open
    assert not resource.is_open


async def test_error_is_raised_where_the_resource_is_used() -> None:
    """The opener raises what opening raised."""
    resource = SlowResource(error=LookupError("broken"))
    resource.unlock.set()
    with pytest.raises(LookupError):
        async with preload(resource.opener(), asyncio.Event()) as opener, opener():
            raise AssertionError("it did not open")


async def test_cancelling_ends_the_wait() -> None:
    """A cancelled preload ends the wait and the opening."""
    resource, cancel = SlowResource(), asyncio.Event()
    with pytest.raises(PreloadCancelled):
        async with preload(resource.opener(), cancel) as opener:
            await resource.started.wait()
            cancel.set()
            async with opener():
                raise AssertionError("it did not open")
    assert not resource.is_open


async def test_unused_resource_is_closed() -> None:
    """A resource that nobody used is closed on exit."""
    resource = SlowResource()
    resource.unlock.set()
    async with preload(resource.opener(), asyncio.Event()):
        await resource.opened.wait()
    assert not resource.is_open
