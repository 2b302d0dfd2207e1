"""A server with pictures, which members link to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from tests.engine.uploads.pictures import WHOLE, film


@dataclass(frozen=True, kw_only=True)
class Pages:
    """A server in the private network of the bot, and what was fetched from it.

    is_asked: whether the page was asked for that never answers. may_answer: lets two others answer, one with a picture.
    """

    origin: str
    fetched: list[str] = field(default_factory=list)
    is_asked: asyncio.Event = field(default_factory=asyncio.Event)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    """Two pictures, which are called texts, a film, a way out, and three that keep who asks waiting."""

    async def picture(request: web.Request) -> web.Response:
        served.fetched.append(request.path)
        return web.Response(body=WHOLE["photo.jpg"](), content_type="text/plain")

    async def moved(request: web.Request) -> web.Response:
        raise web.HTTPFound("http://169.254.169.254/latest/a.png")

    async def moving(request: web.Request) -> web.Response:
        return web.Response(body=film("PNG"), content_type="image/png")

    async def silent(request: web.Request) -> web.Response:
        served.is_asked.set()
        await asyncio.sleep(60)
        return web.Response()

    async def slow(request: web.Request) -> web.Response:
        await served.may_answer.wait()
        return await picture(request)

    async def late(request: web.Request) -> web.Response:
        await served.may_answer.wait()
        raise web.HTTPNotFound

    app = web.Application()
    for path in ("cat", "dog"):
        app.router.add_get(f"/{path}.png", picture)
    for handler in (moved, moving, silent, slow, late):
        app.router.add_get(f"/{handler.__name__}.png", handler)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    served = Pages(origin=f"http://127.0.0.1:{runner.addresses[0][1]}")
    yield served
    await runner.cleanup()
