"""Puts the bot together and runs it until it is told to stop; settings, stores and signals come from the caller."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import discord
import discord.http
import structlog
from prometheus_client import CollectorRegistry

from bot.announcer import Announcer
from bot.background_work import background_work, cut_short
from bot.buttons import BUTTONS, GUILD_BUTTONS, MEMBER_BUTTONS, PANEL_CONTROLS
from bot.buttons.base import JobButton
from bot.client import EaselClient
from bot.commands import command_names, commands_for
from bot.delivery.context import DeliveryContext
from bot.delivery.courier import Courier
from bot.delivery.original_sender import OriginalSender
from bot.discord_metrics import GatewayMetrics, trace_answers
from bot.eraser import Eraser
from bot.exports.exporter import Exporter
from bot.exports.place import ExportPlace
from bot.gallery.keeper import GalleryKeeper
from bot.keep_alive import install_keep_alive
from bot.language import load_catalogs
from bot.learning.asker import AdapterAsker
from bot.limits_in_force import LimitsInForce, LookForLimits
from bot.metrics import create_bot_metrics
from bot.moderation.poster import CasePoster
from bot.presets import with_presets
from bot.served_pages import pages_of
from bot.services import ANSWER_TIMEOUT, SEND_MARGIN, Services
from bot.sessions import bad_token, follow_sessions, log_in, register
from bot.store.deliveries import BotInstance
from bot.store.preference_reads import PreferenceReads
from bot.store.press_batches import PressBatches
from engine.content_credentials import UNSIGNED, ContentCredentials
from engine.contract.ids import new_id
from engine.hash_list import BarredPictures
from engine.health import open_health
from engine.process_metrics import register_process_metrics
from engine.prompt import Limits, PromptDefaults
from engine.store.database import Database
from engine.store.objects import Objects, problem_of

_log = structlog.get_logger()

DISCORD_API_URL = "https://discord.com/api/v10"


@dataclass(frozen=True, kw_only=True)
class BotOptions:
    """The options of a bot process.

    api_url: base URL of Discord's REST API, which also tells the gateway's URL.
    health: host and port of the health pages, 0 for a free port; None for none.
    lease: after how long another process takes over the deliveries of one that died.
    answer_timeout: how long this Discord waits for the answer to an interaction.
    public_url: the address under which members reach what is served beside the health pages; None if they cannot.
    programs_url: the address under which programs reach the API; None where members get no keys.
    exports: where the exports that members ask for are made; None where they are refused.
    home: the folder whose disk the metrics watch.
    upload_origins: from where members' pictures may be fetched beside the public internet.
    barred: pictures that must never appear. credentials: what pictures are signed with.
    learning_channel: where administrators are asked about trained adapters; None for the moderators' channel of the
        only guild. look_for_limits: returns the limits as they are now; None where they stay.
    owns_process: whether there is nothing else in the process, whose garbage collection the bot may then set.
    """

    token: str = field(repr=False)
    api_url: str = DISCORD_API_URL
    health: tuple[str, int] | None = None
    lease: timedelta = timedelta(seconds=15)
    answer_timeout: timedelta = ANSWER_TIMEOUT
    public_url: str | None = None
    programs_url: str | None = None
    exports: ExportPlace | None = None
    home: Path = Path("/")
    upload_origins: frozenset[str] = frozenset()
    barred: BarredPictures = field(default_factory=BarredPictures)
    credentials: ContentCredentials = UNSIGNED
    learning_channel: int | None = None
    owns_process: bool = False
    defaults: PromptDefaults = field(default_factory=PromptDefaults)
    limits: Limits = field(default_factory=Limits)
    look_for_limits: LookForLimits | None = None


async def serve(
    options: BotOptions,
    database: Database,
    objects: Objects,
    *,
    stop: asyncio.Event,
    announce_ready: Callable[[], None] = lambda: None,
    buttons: Sequence[type[JobButton]] = BUTTONS,
) -> None:
    """Serve Discord until `stop` is set; then finish the requests in flight and leave the rest to the next process.

    announce_ready: called once, when the bot answers interactions.

    Raises: SettingsInvalid if Discord rejects the token, PictureStoreUnavailable if the picture store overwrites what
        it is told to create only.
    """
    await objects.require_creating_only()
    await asyncio.to_thread(load_catalogs)
    # discord.py has no other way to set the URL; it holds for the whole process.
    discord.http.Route.BASE = options.api_url.rstrip("/")
    install_keep_alive()
    registry = CollectorRegistry()
    verbs = [button.verb for button in buttons] + [button.verb for button in MEMBER_BUTTONS]
    verbs += [button.verb for button in GUILD_BUTTONS]
    verbs += [control.verb for control in PANEL_CONTROLS]
    metrics = create_bot_metrics(registry, (*command_names(), *verbs))
    async with _open_client(options, buttons, stop, trace_answers(registry)) as client:
        if stop.is_set():
            return
        context = DeliveryContext(
            client=client,
            buttons=buttons,
            database=database,
            objects=objects,
            instance=BotInstance(id=new_id(), lease=options.lease),
            metrics=metrics,
            in_force=LimitsInForce(now=options.limits),
            credentials=options.credentials,
        )
        client.services = _services(options, context)
        registry.register(GatewayMetrics(client=client))
        register_process_metrics(registry, database, objects, options.home)
        forgets = forgets_commands(options)
        await register(client, stop, force=forgets)
        async with (
            background_work(client.services, options.look_for_limits),
            _open_health(options, client, objects, registry),
        ):
            following = follow_sessions(
                client, stop, announce_ready, forgets=forgets, owns_process=options.owns_process
            )
            await _run(client, client.services.courier, stop, following)


def _services(options: BotOptions, context: DeliveryContext) -> Services:
    courier, limit = Courier(context), options.answer_timeout - SEND_MARGIN
    return Services(
        buttons=context.buttons,
        database=context.database,
        objects=context.objects,
        presses=PressBatches(context.database, limit=limit),
        preference_reads=PreferenceReads(context.database, limit=limit),
        courier=courier,
        eraser=Eraser(context),
        case_poster=CasePoster(context),
        adapter_asker=AdapterAsker(context, options.learning_channel),
        original_sender=OriginalSender(context),
        gallery_keeper=GalleryKeeper(context, courier),
        announcer=Announcer(context),
        public_url=options.public_url if options.health else None,
        programs_url=options.programs_url,
        exports=options.exports,
        exporter=Exporter(context, options.exports) if options.exports else None,
        instance=context.instance,
        metrics=context.metrics,
        defaults=with_presets(options.defaults),
        in_force=context.in_force,
        queue=context.queue,
        unanswered=context.unanswered,
        answer_timeout=options.answer_timeout,
        upload_origins=options.upload_origins,
        barred=options.barred,
        credentials=options.credentials,
    )


def forgets_commands(options: BotOptions) -> bool:
    """Return whether this Discord may lose registered commands: any but the real one."""
    return options.api_url.rstrip("/") != DISCORD_API_URL


async def _run(
    client: EaselClient, courier: Courier, stop: asyncio.Event, following: Coroutine[Any, Any, None]
) -> None:
    answered = asyncio.Event()
    connected = asyncio.create_task(client.connect(reconnect=True), name="gateway")
    delivering = asyncio.create_task(courier.run(answered), name="courier")
    announcing = asyncio.create_task(following, name="sessions")
    stopped = asyncio.create_task(stop.wait(), name="stop")
    try:
        await asyncio.wait([connected, delivering, stopped], return_when=asyncio.FIRST_COMPLETED)
        if client.services.answer_tasks:
            # Discord would not accept later answers, but for those that it was told to wait for.
            longest = client.services.answer_timeout.total_seconds()
            _, late = await asyncio.wait(tuple(client.services.answer_tasks), timeout=longest)
            await cut_short(late)
        answered.set()
        await delivering
    finally:
        announcing.cancel()
        stopped.cancel()
        await client.close()
        await asyncio.gather(connected, announcing, stopped, return_exceptions=True)
    if not connected.cancelled() and isinstance(connected.exception(), discord.LoginFailure):
        raise bad_token() from connected.exception()
    connected.result()


@asynccontextmanager
async def _open_client(
    options: BotOptions, buttons: Sequence[type[JobButton]], stop: asyncio.Event, trace: aiohttp.TraceConfig
) -> AsyncIterator[EaselClient]:
    """Yield a client that is logged in; while Discord is unavailable, wait for it."""
    client = EaselClient(
        commands_for(options.limits), (*buttons, *MEMBER_BUTTONS, *GUILD_BUTTONS, *PANEL_CONTROLS), trace
    )
    try:
        await log_in(client, options.token, stop, points_gateway=forgets_commands(options))
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def _open_health(
    options: BotOptions, client: EaselClient, objects: Objects, registry: CollectorRegistry
) -> AsyncIterator[None]:
    if options.health is None:
        yield
        return

    async def find_problem() -> str | None:
        if not client.is_ready() or any(shard.is_closed() for shard in client.shards.values()):
            return "not connected to Discord"
        return await client.services.database.find_problem() or problem_of(objects)

    host, port = options.health
    pages = pages_of(client, client.services)
    async with open_health(host, port, registry, find_problem, pages=pages) as bound:
        _log.info("health_served", address=f"http://{host}:{bound}")
        yield
