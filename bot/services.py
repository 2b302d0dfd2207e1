"""What commands and buttons are handed: the stores, the courier, this process's name and the prompt's limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from bot.delivery.courier import Courier
from bot.metrics import Metrics
from bot.store.deliveries import Claimant
from bot.store.interaction import Press
from bot.store.objects import AsyncConnection, Database
from bot.turns import Turns
from engine.contract.errors import StoreUnavailable
from engine.prompt import Limits, PromptDefaults

ANSWER_WITHIN = timedelta(seconds=3)
"""How soon after a press Discord wants its answer."""

_SENDING = timedelta(seconds=0.5)
"""How much of that is kept for sending the answer."""


@dataclass(frozen=True, kw_only=True)
class Services:
    """Opened by the composition root, closed by it.

    answer_within: how soon after a press Discord wants its answer; a press waits a little less for the store.
    answering: the tasks that are answering a press right now.
    """

    database: Database
    courier: Courier
    claimant: Claimant
    metrics: Metrics
    defaults: PromptDefaults
    limits: Limits
    answer_within: timedelta = ANSWER_WITHIN
    turns: Turns = field(default_factory=Turns)
    answering: set[asyncio.Task[object]] = field(default_factory=set)

    @asynccontextmanager
    async def transaction(self, press: Press) -> AsyncIterator[AsyncConnection]:
        """Yield a connection in a transaction that is committed in time for an answer, or given up.

        Presses of one member take turns.

        Raises: StoreUnavailable.
        """
        try:
            async with (
                asyncio.timeout((self.answer_within - _SENDING).total_seconds()),
                self.turns.of(press.discord_id),
                self.database.begin() as connection,
            ):
                yield connection
        except TimeoutError as error:
            raise StoreUnavailable(cause="slow") from error
