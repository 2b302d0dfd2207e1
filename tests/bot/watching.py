"""Which requests of the bot have reached the sandbox, so that a test can act while one is under way."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware


class RequestWatch:
    """Every request begun, as method and path below `/api/v10`."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self._changed = asyncio.Condition()
        self._gates: list[tuple[str, asyncio.Event]] = []

    def middleware(self) -> Middleware:
        """Return the observer to hand to the sandbox."""

        @web.middleware
        async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
            async with self._changed:
                begun = f"{request.method} {request.path.removeprefix('/api/v10')}"
                self.begun.append(begun)
                self._changed.notify_all()
            for gate in [gate for pattern, gate in self._gates if re.fullmatch(pattern, begun)]:
                await gate.wait()
            return await handler(request)

        return observe

    @contextmanager
    def holding(self, pattern: str) -> Iterator[None]:
        """Let requests that match stand still, once begun, until the block ends."""
        gate = asyncio.Event()
        self._gates.append((pattern, gate))
        try:
            yield
        finally:
            gate.set()

    def count(self, pattern: str) -> int:
        """Return how many requests were begun that match."""
        return sum(bool(re.fullmatch(pattern, request)) for request in self.begun)

    async def until_begun(self, pattern: str, count: int = 1) -> None:
        """Return once `count` requests that match were begun; TimeoutError after a minute."""
        async with asyncio.timeout(60), self._changed:
            await self._changed.wait_for(lambda: self.count(pattern) >= count)
