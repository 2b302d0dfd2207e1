"""Which requests of the bot have reached the sandbox, so that a test can act while one is under way."""

from __future__ import annotations

import asyncio
import re

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware


class Watch:
    """Every request begun, as method and path below `/api/v10`."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self._changed = asyncio.Condition()

    def middleware(self) -> Middleware:
        """Return the observer to hand to the sandbox."""

        @web.middleware
        async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
            async with self._changed:
                self.begun.append(f"{request.method} {request.path.removeprefix('/api/v10')}")
                self._changed.notify_all()
            return await handler(request)

        return observe

    def count(self, pattern: str) -> int:
        """Return how many requests were begun that match."""
        return sum(bool(re.fullmatch(pattern, request)) for request in self.begun)

    async def until_begun(self, pattern: str, count: int = 1) -> None:
        """Return once `count` requests that match were begun; TimeoutError after a minute."""
        async with asyncio.timeout(60), self._changed:
            await self._changed.wait_for(lambda: self.count(pattern) >= count)
