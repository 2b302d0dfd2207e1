"""Assembles the local Discord and serves it on loopback while the caller is inside `serve`."""

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Unpack

from aiohttp import WSCloseCode, web
from aiohttp.typedefs import Handler, Middleware

from sandbox.app_keys import CHAT_SOCKETS, FAULTS, GATEWAY, LIMITS, WORLD, ChatSockets, gateway_of
from sandbox.chat import routes, static_files, test_controls
from sandbox.chat import threads as member_threads
from sandbox.gateway.server import HEARTBEAT_INTERVAL, Gateway
from sandbox.rest import (
    PREFIX,
    applications,
    cdn,
    channels,
    gateways,
    guilds,
    interactions,
    messages,
    reactions,
    threads,
    users,
    webhooks,
)
from sandbox.rest.middleware import MIDDLEWARES, apply_fault
from sandbox.state.clock import Clock, WallClock
from sandbox.state.fault_injection import FaultOptions, Faults, InjectedFault
from sandbox.state.flags import Permissions
from sandbox.state.links import Links
from sandbox.state.ratelimits import RateLimits
from sandbox.state.records import Channel
from sandbox.state.seed import TOKEN, seeded_world
from sandbox.state.world import World
from sandbox.store.chat_store import ChatStore, open_chat_store

HOST = "127.0.0.1"
LARGEST_REQUEST_BYTES = 128 * 1024 * 1024
RESOURCES = (gateways, users, guilds, channels, messages, reactions, threads, applications, interactions, webhooks)


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """A running local Discord. URLs have no trailing slash; bots log in with `token`.

    notice: what became of a stored chat that could not be read, None if nothing did.
    """

    url: str
    api_url: str
    gateway_url: str
    token: str
    world: World
    gateway: Gateway
    faults: Faults
    notice: str | None = None

    def channel(self, name: str) -> Channel:
        """Return the first channel or thread of that name, as it is now. Raises: KeyError when there is none."""
        found = [channel for channel in self.world.channels.values() if channel.name == name]
        if not found:
            raise KeyError(name)
        return found[0]

    def deny(self, channel_name: str, permissions: Permissions) -> None:
        """Deny the bot exactly these permissions in a channel; for a thread, in its parent."""
        channel = self.world.parent_or_self(self.channel(channel_name))
        self.world.update_channel(replace(channel, denied=int(permissions)))

    def inject_fault(self, route: str, **options: Unpack[FaultOptions]) -> None:
        """Add a fault. The options are the fields of `InjectedFault`."""
        self.faults.add(InjectedFault(route=route, **options))


@asynccontextmanager
async def serve(
    *,
    port: int = 0,
    token: str = TOKEN,
    clock: Clock | None = None,
    guild_count: int = 1,
    num_shards: int = 1,
    heartbeat_interval: timedelta = HEARTBEAT_INTERVAL,
    observers: Sequence[Middleware] = (),
    folder: Path | None = None,
    is_fresh: bool = False,
) -> AsyncIterator[Sandbox]:
    """Serve a local Discord on 127.0.0.1 and yield it. On exit, every connection is closed.

    port: 0 picks a free one. clock: drives deadlines, expiries and rate limits; the system clock by default.
    num_shards: how many shards the Gateway recommends.
    observers: middlewares around every bot request, outermost first.
    folder: where the chat is kept over restarts; in memory only by default. is_fresh: start a new chat there.
    Raises: OSError when the port is taken, ChatInUse when another sandbox has opened the folder.
    """
    listener = _listen(port)
    clock = clock or WallClock()
    address = f"{HOST}:{listener.getsockname()[1]}"
    async with AsyncExitStack() as stack:
        stack.callback(listener.close)
        store = await stack.enter_async_context(open_chat_store(folder, is_fresh=is_fresh)) if folder else None
        links = Links(f"http://{address}", clock, store.secret if store else None)
        world = seeded_world(clock, links, token=token, guild_count=guild_count)
        if store:
            store.attach(world)
        gateway = Gateway(world, f"ws://{address}/socket", heartbeat_interval=heartbeat_interval, num_shards=num_shards)
        faults = Faults()
        runner = web.AppRunner(
            _application(world, gateway, faults, observers, store), access_log=None, shutdown_timeout=1
        )
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        stack.callback(gateway.disconnect_all)
        await web.SockSite(runner, listener, backlog=1024).start()
        yield Sandbox(
            url=f"http://{address}",
            api_url=f"http://{address}{PREFIX}",
            gateway_url=gateway.address,
            token=token,
            world=world,
            gateway=gateway,
            faults=faults,
            notice=store.notice if store else None,
        )


def _wait_until_stored(store: ChatStore) -> Middleware:
    """Return what holds an answer back until the changes that it tells of are stored."""

    @web.middleware
    async def wait(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if request.method != "GET":
            await store.settled()
        return response

    return wait


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    return listener


def _application(
    world: World, gateway: Gateway, faults: Faults, observers: Sequence[Middleware], store: ChatStore | None
) -> web.Application:
    rest = web.Application(middlewares=[*observers, *MIDDLEWARES], client_max_size=LARGEST_REQUEST_BYTES)
    for resource in RESOURCES:
        rest.add_routes(resource.routes)
    storing = (_wait_until_stored(store),) if store else ()
    middlewares = (static_files.check_origin, *storing, routes.handle_member_errors)
    application = web.Application(middlewares=middlewares, client_max_size=LARGEST_REQUEST_BYTES)
    application[WORLD], application[GATEWAY], application[FAULTS] = world, gateway, faults
    application[CHAT_SOCKETS] = ChatSockets()
    application.on_shutdown.append(_close_chat_sockets)
    application[LIMITS] = RateLimits(world.clock)
    application.add_subapp(PREFIX, rest)
    for module in (routes, member_threads, test_controls, static_files, cdn):
        application.add_routes(module.routes)
    application.router.add_get("/socket", _open_socket)
    return application


async def _close_chat_sockets(application: web.Application) -> None:
    open_pages = application[CHAT_SOCKETS]
    for page in tuple(open_pages):
        await page.close(code=WSCloseCode.GOING_AWAY)


async def _open_socket(request: web.Request) -> web.StreamResponse:
    fault = request.config_dict[FAULTS].take("GET", "/socket")
    if fault:
        return await apply_fault(fault, request, gateway_of(request).serve)
    return await gateway_of(request).serve(request)
