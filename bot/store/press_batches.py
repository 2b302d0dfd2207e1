"""Commits presses that come within the same few milliseconds together; none waits for another without need."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.store.batch import Outcome, Press, run_together
from engine.contract.errors import StoreUnavailable
from engine.error_boundary import result_of
from engine.store.database import Database, limit_idle_transaction

_MAX_SIZE = 100
"""Of the presses of a batch together.

Measured: 2026-11-28, on two shared cores: a hundred presses of one job each take 0.1 s, of forty jobs each 2.8 s.
"""

_MAX_BATCHES = 2
"""Two, so that presses are stored while the batch before them is committed."""


class _GivenUp(Exception):
    """Nobody waits any more for a press that has changed something."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Waiting:
    """A press that has not been committed. It is made anew for every attempt."""

    discord_id: int
    make: Callable[[], Press[Any]]
    size: int
    result: asyncio.Future[Any]


class PressBatches:
    """Takes presses one by one and commits them in batches; presses of one member are in batches after one another.

    What a press returns holds: its batch has been committed. A press that raises leaves nothing.

    limit: how long a batch may take.
    """

    def __init__(self, database: Database, *, limit: timedelta) -> None:
        self._database, self._limit = database, limit
        self._waiting: list[_Waiting] = []
        self._members: set[int] = set()
        self._batches: set[asyncio.Task[None]] = set()

    async def commit(self, discord_id: int, make: Callable[[], Press[Any]], *, size: int = 1) -> Any:
        """Return what the press returns, once it is committed.

        size: how much work it is compared with others, so that few large ones do not take the time of many.

        Raises: what the press raises, StoreUnavailable.
        """
        result = asyncio.get_running_loop().create_future()
        waiting = _Waiting(discord_id=discord_id, make=make, size=size, result=result)
        self._waiting.append(waiting)
        self._start_batch()
        return await waiting.result

    def _start_batch(self) -> None:
        """Start a batch, unless enough are running; it takes whatever is waiting by the time it begins."""
        if self._waiting and len(self._batches) < _MAX_BATCHES:
            batch = asyncio.create_task(self._run_batch(), name="press-batch")
            self._batches.add(batch)

    async def _run_batch(self) -> None:
        batch = asyncio.current_task()
        assert batch is not None
        try:
            while taken := self._take():
                members = {waiting.discord_id for waiting in taken}
                self._members |= members
                try:
                    await self._settle(taken)
                finally:
                    self._members -= members
        finally:
            # In the same moment as the last look at what waits: what comes later starts a batch of its own.
            self._batches.discard(batch)

    def _take(self) -> list[_Waiting]:
        """Remove and return the next batch, with one press of each member at most; a large press may be one alone."""
        taken: dict[int, _Waiting] = {}
        left: list[_Waiting] = []
        room = _MAX_SIZE
        for waiting in self._waiting:
            if waiting.result.done():
                continue
            is_free = waiting.discord_id not in self._members and waiting.discord_id not in taken
            if is_free and (room >= waiting.size or not taken):
                taken[waiting.discord_id] = waiting
                room -= waiting.size
            else:
                left.append(waiting)
                # The first that has no room is in the next batch: none of its member's goes before it.
                room = 0 if is_free else room
        self._waiting = left
        return list(taken.values())

    async def _settle(self, taken: Sequence[_Waiting]) -> None:
        """Commit the presses, or as many of them as can be: what fails is tried again in halves."""
        if not taken:
            return
        committed = await result_of(self._commit(taken))
        if isinstance(committed, _GivenUp):
            await self._settle([waiting for waiting in taken if not waiting.result.done()])
            return
        if isinstance(committed, Exception) and len(taken) > 1 and not isinstance(committed, StoreUnavailable):
            middle = len(taken) // 2
            await self._settle(taken[:middle])
            await self._settle(taken[middle:])
            return
        results = [committed] * len(taken) if isinstance(committed, Exception) else committed
        for waiting, result in zip(taken, results, strict=True):
            _hand_over(waiting.result, result)

    async def _commit(self, taken: Sequence[_Waiting]) -> list[Any]:
        async with self._database.begin(limit=self._limit) as connection:
            await limit_idle_transaction(connection, self._limit)
            outcomes = await run_together(connection, [waiting.make() for waiting in taken])
            for waiting, outcome in zip(taken, outcomes, strict=True):
                _check(waiting, outcome)
        return [outcome.result for outcome in outcomes]


def _check(waiting: _Waiting, outcome: Outcome[Any]) -> None:
    """Raise what undoes the batch, if the press has changed something that must not stay."""
    if outcome.is_spoiled:
        raise outcome.result
    if outcome.has_changed and waiting.result.done():
        raise _GivenUp


def _hand_over(waiting: asyncio.Future[Any], result: Any) -> None:
    if waiting.done():
        return
    if isinstance(result, Exception):
        waiting.set_exception(result)
    else:
        waiting.set_result(result)
