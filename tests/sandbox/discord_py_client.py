"""Runs unmodified discord.py against a sandbox and raises errors that it would only log."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from sandbox.server import Sandbox

Setup = Callable[["RecordingBot"], None]
# The names of discord.py's tasks that handle a command or a component.
ANSWERING = ("CommandTree-invoker", "discord-ui-view-dispatch")


@contextmanager
def pointed_at(sandbox: Sandbox) -> Iterator[None]:
    """Point discord.py at a sandbox, and restore it on exit: its URLs are class attributes."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, discord.Asset.BASE
    Route.BASE = sandbox.api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(sandbox.gateway_url)
    discord.Asset.BASE = sandbox.url
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, discord.Asset.BASE = before


class RecordingBot(discord.AutoShardedClient):
    """A client that records every event, and every error that discord.py would only log."""

    def __init__(self, *, intents: discord.Intents | None = None, **options: Any) -> None:
        # discord.py waits this long for one more guild before it says that it is ready.
        super().__init__(intents=intents or discord.Intents.default(), guild_ready_timeout=0.05, **options)
        self.tree = app_commands.CommandTree(self)
        self.tree.on_error = self._on_tree_error  # type: ignore[method-assign]
        self.errors: list[BaseException] = []
        self.events: list[tuple[str, tuple[Any, ...]]] = []
        self.syncs = True
        self._heard = asyncio.Condition()

    async def setup_hook(self) -> None:
        if self.syncs and self.tree.get_commands():
            await self.tree.sync()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify at once; the default waits five seconds between shards."""

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        super().dispatch(event, *args, **kwargs)
        self.events.append((event, args))
        self._notify = asyncio.ensure_future(self._tell())

    async def _tell(self) -> None:
        async with self._heard:
            self._heard.notify_all()

    async def heard(
        self, event: str, wanted: Callable[..., bool] = lambda *args: True, *, times: int = 1
    ) -> tuple[Any, ...]:
        """Return the arguments of the first such event (the n-th for `times`), past ones among them."""

        def found() -> list[tuple[Any, ...]]:
            return [args for name, args in self.events if name == event and wanted(*args)]

        async with asyncio.timeout(60), self._heard:
            await self._heard.wait_for(lambda: len(found()) >= times)
        return found()[times - 1]

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        error = sys.exception() if hasattr(sys, "exception") else sys.exc_info()[1]
        assert error is not None
        self.errors.append(error)

    async def _on_tree_error(self, interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        self.errors.append(error)


@asynccontextmanager
async def logged_in(sandbox: Sandbox, bot: RecordingBot) -> AsyncIterator[RecordingBot]:
    """Yield a bot once it is ready. On exit, wait for its handlers and raise its first error."""
    with pointed_at(sandbox):
        running = asyncio.create_task(bot.start(sandbox.token))
        ready = asyncio.create_task(bot.heard("ready"))
        try:
            await asyncio.wait((running, ready), return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                await running
            yield bot
            await _answered()
        finally:
            ready.cancel()
            await bot.close()
            await asyncio.gather(running, return_exceptions=True)
    if bot.errors:
        raise bot.errors[0]


async def _answered() -> None:
    """Wait until no handler is running: a response may be visible before its handler ends."""
    while tasks := [task for task in asyncio.all_tasks() if task.get_name().startswith(ANSWERING)]:
        await asyncio.wait(tasks)


def answer_with(bot: RecordingBot, name: str, effect: Callable[[discord.Interaction], Awaitable[None]]) -> None:
    """Add a command without options whose callback is `effect`."""

    async def callback(interaction: discord.Interaction) -> None:
        await effect(interaction)

    bot.tree.add_command(app_commands.Command(name=name, description="for a test", callback=callback))
