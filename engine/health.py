"""A process's health over HTTP: `/healthz` while it lives, `/readyz` while it can serve, `/metrics` for Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from engine.contract.errors import SettingsInvalid

_log = structlog.get_logger(__name__)

PROBE_LIMIT = timedelta(seconds=5)
"""How long the check of one request may take, so that whoever asks gets an answer."""

Probe = Callable[[], Awaitable[str | None]]
"""Returns why the process cannot serve at the moment, or None when it can."""


@asynccontextmanager
async def open_health(
    host: str,
    port: int,
    registry: CollectorRegistry,
    find_problem: Probe,
    *,
    limit: timedelta = PROBE_LIMIT,
    pages: Sequence[web.RouteDef] = (),
) -> AsyncIterator[int]:
    """Serve the three addresses, and yield the port, which is a free one where `port` is 0.

    limit: how long a check may take. pages: what else is served there.

    Raises: SettingsInvalid when the port is taken.
    """

    async def ready(_: web.Request) -> web.Response:
        problem = await _within_limit(find_problem, limit)
        return web.Response(text=f"{problem or 'ready'}\n", status=503 if problem else 200)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/healthz", _live), web.get("/readyz", ready), web.get("/metrics", metrics), *pages])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await _listen(runner, host, port)
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def _within_limit(find_problem: Probe, limit: timedelta) -> str | None:
    """Return what the probe finds, or that it takes too long, without waiting for it to end."""
    probing = asyncio.ensure_future(find_problem())
    done, _ = await asyncio.wait({probing}, timeout=limit.total_seconds())
    if done and (error := probing.exception()):
        _log.error("health_check_failed", exc_info=error)
        return f"the check failed: {type(error).__name__}"
    if done:
        return probing.result()
    probing.cancel()
    return f"no answer within {limit.total_seconds():g} s"


async def _live(_: web.Request) -> web.Response:
    return web.Response(text="alive\n")


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        problem = f"Port {port} on {host} is not available ({error.strerror}). Choose another one with --health-port."
        raise SettingsInvalid(problems=(problem,)) from error
