"""The bot's health over HTTP: `/healthz` while it lives, `/readyz` while it can serve, `/metrics` for Prometheus."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from bot.metrics import Metrics

_FIGURES_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Probe = Callable[[], Awaitable[str | None]]


@asynccontextmanager
async def open_health(host: str, port: int, metrics: Metrics, find_trouble: Probe) -> AsyncIterator[int]:
    """Serve the three addresses, and yield the port, which is a free one where `port` is 0.

    find_trouble: says why the bot cannot serve just now, or None when it can.

    Raises: OSError when the port is taken.
    """

    async def ready(_: web.Request) -> web.Response:
        trouble = await find_trouble()
        return web.Response(text=f"{trouble or 'ready'}\n", status=503 if trouble else 200)

    async def figures(_: web.Request) -> web.Response:
        return web.Response(body=metrics.text(), headers={"Content-Type": _FIGURES_TYPE})

    app = web.Application()
    app.add_routes([web.get("/healthz", _live), web.get("/readyz", ready), web.get("/metrics", figures)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def _live(_: web.Request) -> web.Response:
    return web.Response(text="alive\n")
