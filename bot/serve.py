"""The bot put together and run until it is told to stop; settings, stores and signals are the caller's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import aiohttp
import discord
import discord.gateway
import discord.http
import structlog
from prometheus_client import CollectorRegistry

from bot.buttons import BUTTONS
from bot.buttons.base import JobButton
from bot.client import EaselClient, register_commands
from bot.commands import COMMANDS
from bot.delivery.courier import Courier
from bot.delivery.deliver import Office
from bot.metrics import create_bot_metrics
from bot.services import ANSWER_WITHIN, Services
from bot.store.deliveries import Claimant
from engine.contract.errors import SettingsInvalid, StoreUnavailable
from engine.contract.ids import new_id
from engine.health import open_health
from engine.prompt import Limits, PromptDefaults
from engine.store.database import Database
from engine.store.objects import Objects

_log = structlog.get_logger()

DISCORD_API_URL = "https://discord.com/api/v10"

_RETRY = timedelta(seconds=5)
_PROBE = timedelta(seconds=2)


@dataclass(frozen=True, kw_only=True)
class BotOptions:
    """What an operator decides for one bot process.

    api_url: base of Discord's REST interface; the gateway's address is asked of it.
    health: host and port of the health pages, 0 for a free port; None for none.
    lease: how long the deliveries of a process that died wait for another.
    answer_within: how soon after a press this Discord wants its answer.
    """

    token: str = field(repr=False)
    api_url: str = DISCORD_API_URL
    health: tuple[str, int] | None = None
    lease: timedelta = timedelta(seconds=15)
    answer_within: timedelta = ANSWER_WITHIN
    defaults: PromptDefaults = field(default_factory=PromptDefaults)
    limits: Limits = field(default_factory=Limits)


async def serve(
    options: BotOptions,
    database: Database,
    objects: Objects,
    *,
    stop: asyncio.Event,
    announce_ready: Callable[[], None] = lambda: None,
    buttons: Sequence[type[JobButton]] = BUTTONS,
) -> None:
    """Serve Discord until `stop` is set; then finish the edits under way and leave the rest to the next process.

    announce_ready: called once, when presses are answered.

    Raises: SettingsInvalid when Discord refuses the token.
    """
    # discord.py has no other way to be pointed elsewhere; it holds for the whole process.
    discord.http.Route.BASE = options.api_url.rstrip("/")
    registry = CollectorRegistry()
    metrics = create_bot_metrics(registry)
    async with _open_client(options, buttons, stop) as client:
        if stop.is_set():
            return
        claimant = Claimant(id=new_id(), lease=options.lease)
        office = Office(
            client=client,
            buttons=buttons,
            database=database,
            objects=objects,
            claimant=claimant,
            metrics=metrics,
            limits=options.limits,
        )
        courier = Courier(office)
        client.services = Services(
            buttons=buttons,
            database=database,
            courier=courier,
            claimant=claimant,
            metrics=metrics,
            defaults=options.defaults,
            limits=options.limits,
            answer_within=options.answer_within,
        )
        is_forgetful = client_forgets(options)
        await _register(client, stop, always=is_forgetful)
        async with _open_health(options, client, registry):
            await _run(client, courier, stop, _follow_sessions(client, stop, announce_ready, is_forgetful))


def client_forgets(options: BotOptions) -> bool:
    """Return whether the Discord at hand may have lost our commands since it was last told: any but the real one."""
    return options.api_url.rstrip("/") != DISCORD_API_URL


async def _run(
    client: EaselClient, courier: Courier, stop: asyncio.Event, following: Coroutine[Any, Any, None]
) -> None:
    answered = asyncio.Event()
    connected = asyncio.create_task(client.connect(reconnect=True), name="gateway")
    carrying = asyncio.create_task(courier.run(answered), name="courier")
    announcing = asyncio.create_task(following, name="sessions")
    stopped = asyncio.create_task(stop.wait(), name="stop")
    try:
        await asyncio.wait([connected, carrying, stopped], return_when=asyncio.FIRST_COMPLETED)
        if client.services.answering:
            # Later ones Discord would not take.
            longest = client.services.answer_within.total_seconds()
            await asyncio.wait(tuple(client.services.answering), timeout=longest)
        answered.set()
        await carrying
    finally:
        announcing.cancel()
        stopped.cancel()
        await client.close()
        await asyncio.gather(connected, announcing, stopped, return_exceptions=True)
    if not connected.cancelled() and isinstance(connected.exception(), discord.LoginFailure):
        raise _bad_token() from connected.exception()
    connected.result()


async def _follow_sessions(
    client: EaselClient, stop: asyncio.Event, announce_ready: Callable[[], None], is_forgetful: bool
) -> None:
    """Announce the first session; at each further one tell a Discord that may have started anew of the commands."""
    await client.sessioned.wait()
    _log.info("serving", shards=client.shard_count, guilds=len(client.guilds))
    announce_ready()
    while is_forgetful:
        client.sessioned.clear()
        await client.sessioned.wait()
        await _register(client, stop, always=True)


@asynccontextmanager
async def _open_client(
    options: BotOptions, buttons: Sequence[type[JobButton]], stop: asyncio.Event
) -> AsyncIterator[EaselClient]:
    """Yield a client that Discord knows by its token; while Discord is away, wait for it."""
    client = EaselClient(COMMANDS, buttons)
    try:
        while not stop.is_set():
            try:
                await client.login(options.token)
                if client_forgets(options):
                    await _point_gateway(client)
                break
            except discord.LoginFailure as error:
                raise _bad_token() from error
            except (
                discord.HTTPException,
                discord.GatewayNotFound,
                aiohttp.ClientError,
                OSError,
                TimeoutError,
            ) as error:
                _log.warning("discord_unavailable", error=type(error).__name__)
                await _pause(stop)
        yield client
    finally:
        await client.close()


async def _point_gateway(client: EaselClient) -> None:
    """Let sessions that are begun anew go where this Discord is; discord.py would turn to the real one."""
    _, address, _ = await client.http.get_bot_gateway()
    socket = discord.gateway.DiscordWebSocket
    socket.DEFAULT_GATEWAY = type(socket.DEFAULT_GATEWAY)(address)


async def _register(client: EaselClient, stop: asyncio.Event, *, always: bool) -> None:
    while not stop.is_set():
        try:
            await register_commands(client, client.services, always=always)
            return
        except (discord.HTTPException, aiohttp.ClientError, StoreUnavailable) as error:
            _log.warning("registering_commands_failed", error=type(error).__name__)
            await _pause(stop)


@asynccontextmanager
async def _open_health(options: BotOptions, client: EaselClient, registry: CollectorRegistry) -> AsyncIterator[None]:
    if options.health is None:
        yield
        return

    async def find_problem() -> str | None:
        if not client.is_ready() or any(shard.is_closed() for shard in client.shards.values()):
            return "not connected to Discord"
        try:
            async with asyncio.timeout(_PROBE.total_seconds()):
                await client.services.database.ping()
            return None
        except (StoreUnavailable, TimeoutError):
            return "the database cannot be reached"

    host, port = options.health
    async with open_health(host, port, registry, find_problem) as bound:
        _log.info("health_served", address=f"http://{host}:{bound}")
        yield


async def _pause(stop: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(_RETRY.total_seconds()):
            await stop.wait()
    except TimeoutError:
        return


def _bad_token() -> SettingsInvalid:
    return SettingsInvalid(
        problems=(
            "Discord refuses DISCORD_TOKEN. Copy the bot's token again from the Developer Portal, or reset it there.",
        )
    )
