"""What deliveries work with, and what may come of one update of a message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import discord

from bot.cards import Buttons
from bot.limits_in_force import LimitsInForce
from bot.metrics import BotMetrics
from bot.store.deliveries import BotInstance
from bot.store.queue_state import QueueView
from bot.unanswered import Unanswered
from engine.content_credentials import UNSIGNED, ContentCredentials
from engine.prompt import Limits
from engine.store.database import AsyncConnection, Database
from engine.store.objects import Objects


@dataclass(frozen=True, kw_only=True)
class DeliveryContext:
    """What deliveries need: Discord, the stores, this process's identity for its claims, what the service
    allows, what is known of the queue, and what pictures are signed with.

    has_requests: is set when a result waits to be sent directly. unanswered: presses that deliveries give way to.
    """

    client: discord.Client
    buttons: Buttons
    database: Database
    objects: Objects
    instance: BotInstance
    metrics: BotMetrics
    in_force: LimitsInForce = field(default_factory=LimitsInForce)
    queue: QueueView = field(default_factory=QueueView)
    credentials: ContentCredentials = UNSIGNED
    has_requests: asyncio.Event = field(default_factory=asyncio.Event)
    unanswered: Unanswered = field(default_factory=Unanswered)

    @property
    def limits(self) -> Limits:
        """What the service allows now."""
        return self.in_force.now

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection in a transaction of its own.

        Raises: StoreUnavailable.
        """
        async with self.database.background, self.database.begin() as connection:
            yield connection


@dataclass(frozen=True, kw_only=True)
class Closed:
    """The delivery is closed, or another process has claimed it."""


@dataclass(frozen=True, kw_only=True)
class UpToDate:
    """The message shows the current state of the job."""

    is_edited: bool


@dataclass(frozen=True, kw_only=True)
class RetryLater:
    """To be retried `after` some time; None means with exponential backoff."""

    after: timedelta | None


SendResult = Closed | UpToDate | RetryLater
