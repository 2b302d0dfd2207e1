"""Unmodified discord.py on a sandbox: pointed there for one test, its hidden errors brought to light."""

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
# What discord.py calls the tasks that answer a command or a press.
ANSWERING = ("CommandTree-invoker", "discord-ui-view-dispatch")


@contextmanager
def pointed_at(sandbox: Sandbox) -> Iterator[None]:
    """Point discord.py at a sandbox, and back on leaving: it keeps its addresses on its classes."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, discord.Asset.BASE
    Route.BASE = sandbox.api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(sandbox.gateway_url)
    discord.Asset.BASE = sandbox.url
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, discord.Asset.BASE = before


class RecordingBot(discord.AutoShardedClient):
    """A client that keeps every event it saw and every error that discord.py would only have logged."""

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
    """Yield a bot once it is ready; on leaving, let it finish its answers and fail with the first error that it met."""
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
    """Return once nothing is being answered any more: what a test saw of an answer need not have been its end."""
    while tasks := [task for task in asyncio.all_tasks() if task.get_name().startswith(ANSWERING)]:
        await asyncio.wait(tasks)


def answer_with(bot: RecordingBot, name: str, effect: Callable[[discord.Interaction], Awaitable[None]]) -> None:
    """Give a bot a command without options that does `effect`."""

    async def callback(interaction: discord.Interaction) -> None:
        await effect(interaction)

    bot.tree.add_command(app_commands.Command(name=name, description="for a test", callback=callback))
