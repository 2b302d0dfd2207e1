"""Opening early: begun at once, its faults met where it is needed, closed whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from easel.process.preload import PreloadCancelled, preload


@dataclass
class Door:
    """Something slow to open, and what happened to it."""

    key: asyncio.Event = field(default_factory=asyncio.Event)
    tried: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    is_open: bool = False
    fault: Exception | None = None

    def opener(self) -> Callable[[], AbstractAsyncContextManager[str]]:
        """Return what opens it once the key turns."""

        @asynccontextmanager
        async def opened() -> AsyncIterator[str]:
            self.tried.set()
            await self.key.wait()
            if self.fault:
                raise self.fault
            self.is_open = True
            self.opened.set()
            try:
                yield "room"
            finally:
                self.is_open = False

        return opened


async def test_opening_begins_before_it_is_asked_for() -> None:
    """The time until then is used, and the opener then yields what was opened."""
    door = Door()
    async with preload(door.opener(), asyncio.Event()) as opener:
        await door.tried.wait()
        door.key.set()
        async with opener() as room:
            assert room == "room" and door.is_open
    assert not door.is_open


async def test_fault_is_met_where_the_thing_is_needed() -> None:
    """What opening raised comes out of the opener."""
    door = Door(fault=LookupError("no such door"))
    door.key.set()
    with pytest.raises(LookupError):
        async with preload(door.opener(), asyncio.Event()) as opener, opener():
            raise AssertionError("it did not open")


async def test_giving_up_ends_the_wait() -> None:
    """A cancelled preload ends the wait and the opening."""
    door, cancel = Door(), asyncio.Event()
    with pytest.raises(PreloadCancelled):
        async with preload(door.opener(), cancel) as opener:
            await door.tried.wait()
            cancel.set()
            async with opener():
                raise AssertionError("it did not open")
    assert not door.is_open


async def test_thing_nobody_asked_for_is_closed() -> None:
    """Leaving closes it all the same."""
    door = Door()
    door.key.set()
    async with preload(door.opener(), asyncio.Event()):
        await door.opened.wait()
    assert not door.is_open
