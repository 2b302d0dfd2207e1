"""`easel bot`, `easel engine` and `easel sandbox`: opens what each needs, runs it until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import structlog
import typer

from bot.settings import BotSettings
from easel.process.child import end_with_parent, left_to_parent, report_ready
from easel.process.engine_lock import hold_engine_lock
from easel.process.preload import PreloadCancelled, preload
from easel.process.programs import CHAT_FOLDER
from easel.process.signals import StopSignals, stop_on_signals
from engine.contract.errors import SettingsInvalid
from engine.logs import set_up_logging
from engine.settings import read_settings

if TYPE_CHECKING:
    from engine.serve import PainterOpener

ReportReady = Callable[[], None]


async def serve_bot(health_port: int, report_ready: ReportReady) -> None:
    """Run the bot until told to stop.

    Raises: SettingsInvalid when there is no token or Discord rejects it.
    """
    from bot.exports.place import ExportPlace
    from bot.serve import BotOptions, serve
    from easel.credentials import open_credentials
    from easel.postgres import open_listening
    from engine.hash_list import BarredPictures
    from engine.models.followed_limits import FollowedLimits
    from engine.models.registry.registry import SHIPPED
    from engine.store.objects import open_objects

    settings = read_settings(BotSettings)
    if settings.discord_token is None:
        raise SettingsInvalid(problems=(NO_TOKEN,))
    token = settings.discord_token.get_secret_value()
    set_up_logging(settings.log_format, process="bot", secrets=secrets_of(settings))
    followed = FollowedLimits(settings.models_file or SHIPPED, settings.model, shows_unsafe=settings.safety == "off")
    limits = await followed.open()
    barred = BarredPictures(settings.hashes_file)
    await barred.load()
    credentials = await open_credentials(settings)
    async with stop_on_signals() as signals, open_listening(settings) as (url, database):
        exports = ExportPlace(
            folder=settings.home / "exports",
            database_url=url,
            storage_url=settings.storage_url,
            credentials=credentials,
            public_url=settings.public_url,
        )
        options = BotOptions(
            token=token,
            api_url=settings.discord_api_url,
            health=(settings.health_host, health_port),
            public_url=settings.public_url,
            programs_url=settings.programs_url,
            exports=exports,
            home=settings.home,
            limits=limits,
            look_for_limits=followed.look,
            upload_origins=settings.upload_origins,
            barred=barred,
            credentials=credentials,
            learning_channel=settings.learning_channel,
            owns_process=True,
        )
        await serve(
            options, database, open_objects(settings.storage_url), stop=signals.stop, announce_ready=report_ready
        )


async def serve_engine(health_port: int, quiet: bool, supervised: bool, report_ready: ReportReady) -> None:
    """Run an engine until told to stop.

    supervised: whether another `easel` has started it.

    Raises: OperatorError or RequestError when the model cannot be loaded.
    """
    from easel.painter import open_painter

    settings = read_settings(BotSettings)
    level = logging.WARNING if quiet else logging.INFO
    set_up_logging(settings.log_format, process="engine", secrets=secrets_of(settings), level=level)
    async with stop_on_signals() as signals:
        # When stopped while the painter is still loading, there is nothing to finish.
        with suppress(PreloadCancelled):
            async with (
                preload(partial(open_painter, settings, settings.model), signals.stop) as painter_opener,
                left_to_parent(signals.stop if supervised else None),
            ):
                await _serve_engine(settings, health_port, painter_opener, signals, report_ready)


async def _serve_engine(
    settings: BotSettings,
    health_port: int,
    painter_opener: PainterOpener,
    signals: StopSignals,
    report_ready: ReportReady,
) -> None:
    # The painting process, which takes longest, starts while this one imports.
    for name in ("easel.postgres", "engine.serve"):
        await asyncio.to_thread(import_module, name)
    from easel.painter import open_trainer
    from easel.postgres import open_migrated_postgres, report_connections
    from engine.models.registry.registry import SHIPPED, read_registry
    from engine.serve import EngineOptions, serve
    from engine.store.connection_budget import connection_name
    from engine.worker.loop import WorkerOptions

    registry = await asyncio.to_thread(read_registry, settings.models_file or SHIPPED)
    async with open_migrated_postgres(settings) as url:
        name = connection_name(settings.database_connections)
        options = EngineOptions(
            database_url=url,
            listen_url=settings.listen_url,
            connections=settings.database_connections,
            connection_name=name,
            database_folder=settings.database_folder,
            storage_url=settings.storage_url,
            health=(settings.health_host, health_port),
            home=settings.home,
            models=tuple(registry.models),
            worker=WorkerOptions(
                kept=settings.home / "kept", adapters=settings.home / "adapters", hashes_file=settings.hashes_file
            ),
        )
        with hold_engine_lock(settings.home):
            await serve(
                options,
                painter_opener,
                stop=signals.stop,
                force_stop=signals.force_stop,
                announce_ready=report_ready,
                on_open=partial(report_connections, settings, name),
                trainer=open_trainer(settings),
            )


async def serve_sandbox(port: int, is_fresh: bool, hint: bool, report_ready: ReportReady) -> None:
    """Run the sandbox until told to stop.

    is_fresh: whether to start a new chat instead of the one that is kept.
    hint: whether to print how to connect a bot to it.

    Raises: OSError when the port is in use, SettingsInvalid when another sandbox uses the same home.
    """
    from sandbox.server import serve
    from sandbox.store.chat_file import ChatInUse

    settings = read_settings(BotSettings)
    set_up_logging(settings.log_format, process="sandbox")
    async with AsyncExitStack() as stack:
        signals = await stack.enter_async_context(stop_on_signals())
        try:
            served = serve(port=port, folder=settings.home / CHAT_FOLDER, is_fresh=is_fresh)
            sandbox = await stack.enter_async_context(served)
        except ChatInUse as error:
            raise SettingsInvalid(problems=(str(error),)) from error
        if sandbox.notice:
            typer.echo(sandbox.notice, err=True)
        structlog.get_logger(__name__).info("sandbox_served", address=sandbox.url)
        if hint:
            typer.echo(f"To connect a bot: DISCORD_API_URL={sandbox.api_url} DISCORD_TOKEN={sandbox.token} easel bot")
        report_ready()
        await signals.stop.wait()


def run_process(serve: Callable[[ReportReady], Coroutine[Any, Any, None]], *, supervised: bool) -> None:
    """Run one process to its end; a supervised one tells its parent when it is ready and exits with it."""
    if supervised:
        end_with_parent()
    asyncio.run(serve(report_ready if supervised else _ignore))


NO_TOKEN = (
    "DISCORD_TOKEN is not set. Set it to your bot's token, or use `easel run`, which starts the sandbox without one."  # noqa: S105
)


def secrets_of(settings: BotSettings) -> tuple[str, ...]:
    """Return what no line of a log may hold."""
    hidden = (settings.discord_token, settings.database_url, settings.listen_database_url)
    return tuple(secret.get_secret_value() for secret in hidden if secret)


def _ignore() -> None: ...
