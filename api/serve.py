"""Puts the API together and runs it until it is told to stop; settings, stores and signals come from the caller."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry

from api.app import create_app
from api.metrics import create_api_metrics
from api.routes import route_names
from api.services import ApiServices
from api.store.submissions import OwnersPlan
from engine.content_credentials import UNSIGNED, ContentCredentials
from engine.contract.errors import SettingsInvalid
from engine.hash_list import BarredPictures
from engine.health import open_health
from engine.process_metrics import register_process_metrics
from engine.prompt import Limits
from engine.store.database import Database
from engine.store.listen import listen
from engine.store.objects import Objects, problem_of

_log = structlog.get_logger(__name__)

_LISTEN_RETRY = timedelta(seconds=2)
# Of an answer that is being written when the process is to stop.
_STOP_GRACE = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class ApiOptions:
    """The options of an API process.

    address: host and port, 0 for a free port. health: those of the health pages. home: the folder whose disk the
    metrics watch. public_url: the address under which clients reach the API; None for the one that they ask at.
    takes_members_keys: whether keys that members have made for themselves are valid. hashes_file: the list of pictures
    that must never appear. credentials: what pictures are signed with. owners_plan: what holds for members whose own
    keys are used; None for the limits of the keys alone.
    """

    address: tuple[str, int]
    health: tuple[str, int]
    home: Path
    limits: Limits
    public_url: str | None = None
    takes_members_keys: bool = False
    owners_plan: OwnersPlan | None = None
    hashes_file: Path | None = None
    credentials: ContentCredentials = UNSIGNED


async def serve(
    options: ApiOptions,
    database: Database,
    objects: Objects,
    *,
    stop: asyncio.Event,
    announce_ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve until `stop` is set; then whoever waits is told to ask again, and their jobs go on.

    announce_ready: called once with the API's address, when it answers.

    Raises: SettingsInvalid when a port is taken, PictureStoreUnavailable if the picture store overwrites what it is
        told to create only.
    """
    await objects.require_creating_only()
    registry = CollectorRegistry()
    register_process_metrics(registry, database, objects, options.home)
    services = ApiServices(
        database=database,
        objects=objects,
        limits=options.limits,
        metrics=create_api_metrics(registry, route_names()),
        stop=stop,
        public_url=options.public_url,
        takes_members_keys=options.takes_members_keys,
        owners_plan=options.owners_plan,
        barred=BarredPictures(options.hashes_file),
        credentials=options.credentials,
    )
    await services.barred.load()

    async def find_problem() -> str | None:
        await objects.check()
        return await database.find_problem() or problem_of(objects)

    async with (
        _listening(services),
        open_health(*options.health, registry, find_problem) as health_port,
        _open(create_app(services), *options.address) as url,
    ):
        _log.info("api_served", address=url, health=f"http://{options.health[0]}:{health_port}")
        announce_ready(url)
        await stop.wait()


@asynccontextmanager
async def _listening(services: ApiServices) -> AsyncIterator[None]:
    changed = services.changes.tell
    task = asyncio.create_task(
        listen(services.database, on_change=changed, on_connect=lambda: None, retry_delay=_LISTEN_RETRY)
    )
    try:
        yield
    finally:
        task.cancel()


@asynccontextmanager
async def _open(app: web.Application, host: str, port: int) -> AsyncIterator[str]:
    # Who hangs up is noticed at once, so that their job can be cancelled.
    runner = web.AppRunner(
        app, access_log=None, handler_cancellation=True, shutdown_timeout=_STOP_GRACE.total_seconds()
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield f"http://{host}:{runner.addresses[0][1]}"
    except OSError as error:
        problem = f"Port {port} on {host} is not available ({error.strerror}). Choose another one with --port."
        raise SettingsInvalid(problems=(problem,)) from error
    finally:
        await runner.cleanup()
