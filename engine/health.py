"""The engine's health over HTTP: `/healthz` while it lives, `/readyz` while it can paint, `/metrics` for Prometheus."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from engine.contract.errors import SettingsInvalid

# Says why the engine cannot paint just now, or None when it can.
Probe = Callable[[], Awaitable[str | None]]


@asynccontextmanager
async def open_health(host: str, port: int, registry: CollectorRegistry, find_trouble: Probe) -> AsyncIterator[int]:
    """Serve the three addresses, and yield the port, which is a free one where `port` is 0.

    Raises: SettingsInvalid when the port is taken.
    """

    async def ready(_: web.Request) -> web.Response:
        trouble = await find_trouble()
        return web.Response(text=f"{trouble or 'ready'}\n", status=503 if trouble else 200)

    async def figures(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/healthz", _live), web.get("/readyz", ready), web.get("/metrics", figures)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await _listen(runner, host, port)
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def _live(_: web.Request) -> web.Response:
    return web.Response(text="alive\n")


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        problem = (
            f"The health port {port} on {host} cannot be used ({error.strerror}): choose another with --health-port."
        )
        raise SettingsInvalid(problems=(problem,)) from error
