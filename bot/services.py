"""What commands and buttons work with: the stores, the courier, this process's identity and the prompt's limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from weakref import WeakValueDictionary

import discord

from bot.cards import Buttons
from bot.delivery.courier import Courier
from bot.metrics import BotMetrics
from bot.store.deliveries import BotInstance
from bot.store.interaction import InteractionContext
from engine.contract.errors import StoreUnavailable
from engine.prompt import Limits, PromptDefaults
from engine.store.database import AsyncConnection, Database

ANSWER_TIMEOUT = timedelta(seconds=3)
"""How long Discord waits for the answer to an interaction."""

_SEND_MARGIN = timedelta(seconds=0.5)
"""How much of that is left for sending the answer."""


class MemberLocks:
    """One lock for each Discord user, so that a member who presses fast holds one connection and not the pool.

    Locks that nobody holds or waits for are forgotten.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def of(self, discord_id: int) -> asyncio.Lock:
        """Return the member's lock, the same one while anybody holds or waits for it."""
        lock = self._locks.get(discord_id)
        if lock is None:
            lock = self._locks[discord_id] = asyncio.Lock()
        return lock

    def __len__(self) -> int:
        return len(self._locks)


@dataclass(frozen=True, kw_only=True)
class Services:
    """Opened by the composition root, closed by it.

    answer_timeout: how soon after a press Discord wants its answer; a press waits a little less for the store.
    answer_tasks: the tasks that are answer_tasks a press right now.
    """

    buttons: Buttons
    database: Database
    courier: Courier
    instance: BotInstance
    metrics: BotMetrics
    defaults: PromptDefaults
    limits: Limits
    answer_timeout: timedelta = ANSWER_TIMEOUT
    member_locks: MemberLocks = field(default_factory=MemberLocks)
    answer_tasks: set[asyncio.Task[object]] = field(default_factory=set)

    @asynccontextmanager
    async def transaction(self, context: InteractionContext) -> AsyncIterator[AsyncConnection]:
        """Yield a connection in a transaction that commits in time for an answer or times out.

        Transactions of one member run one after another.

        Raises: StoreUnavailable.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (self.answer_timeout - _SEND_MARGIN).total_seconds()
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout_at(deadline):
                    await stack.enter_async_context(self.member_locks.of(context.discord_id))
            except TimeoutError as error:
                raise StoreUnavailable(cause="the member's earlier presses are not answered yet") from error
            left = timedelta(seconds=max(0.0, deadline - loop.time()))
            yield await stack.enter_async_context(self.database.begin(limit=left))


def services_of(interaction: discord.Interaction[Any]) -> Services:
    """Return the services that the interaction's client was handed."""
    services: Services = interaction.client.services
    return services
