"""Commits presses that come within the same few milliseconds together; none waits for another without need.

One that finds a lock held, of its member or its job, is set aside and waits for it alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.store.batch import Outcome, Press, run_together
from engine.contract.errors import StoreUnavailable
from engine.error_boundary import result_of
from engine.feedback.store.months import MonthMissing, add_months
from engine.store.database import Database
from engine.store.unavailable import is_blocked, is_rolled_back
from engine.store.waits import limit_waits

_MAX_SIZE = 100
"""Of the presses of a batch together.

Measured: 2026-11-28, on two shared cores: a hundred presses of one job each take 0.1 s, of forty jobs each 2.8 s.
"""

_MAX_BATCHES = 2
"""Two, so that presses are stored while the batch before them is committed."""

_MAX_BLOCKED = 2
"""Presses that wait for a lock at a time, each on a connection of its own."""

_LOCK_SHARE = 25
"""Of a batch's time that it waits for a lock: of a hundred presses one is blocked, and found by halving seven times."""


class _GivenUp(Exception):
    """Nobody waits any more for a press that has changed something."""


@dataclass(kw_only=True, eq=False)
class _Waiting:
    """A press that has not been committed. It is made anew for every attempt.

    is_committing: whether its batch is being committed, so that it can no longer be undone.
    """

    discord_id: int
    make: Callable[[], Press[Any]]
    size: int
    result: asyncio.Future[Any]
    is_committing: bool = False


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
        self._blocked_members: set[int] = set()
        self._aside: set[asyncio.Task[None]] = set()
        self._may_block = asyncio.Semaphore(_MAX_BLOCKED)

    async def commit(
        self, discord_id: int, make: Callable[[], Press[Any]], *, size: int = 1, patience: timedelta | None = None
    ) -> Any:
        """Return what the press returns, once it is committed.

        size: how much work it is compared with others, so that few large ones do not take the time of many.
        patience: how long to wait; None for as long as its batch may take.

        Raises: what the press raises, StoreUnavailable. Its fact `is_unsure` is there when the time was over in the
        middle of the commit; otherwise the press has left nothing.
        """
        result = asyncio.get_running_loop().create_future()
        waiting = _Waiting(discord_id=discord_id, make=make, size=size, result=result)
        self._waiting.append(waiting)
        self._start_batch()
        try:
            async with asyncio.timeout(patience.total_seconds() if patience else None):
                return await waiting.result
        except TimeoutError as error:
            unsure = {"is_unsure": True} if waiting.is_committing else {}
            raise StoreUnavailable(cause="the press was not stored in time", **unsure) from error

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
            busy = self._members | self._blocked_members
            is_free = waiting.discord_id not in busy and waiting.discord_id not in taken
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
        taken = [waiting for waiting in taken if not waiting.result.done()]
        if not taken:
            return
        committed = await self._commit_again(taken)
        if isinstance(committed, _GivenUp):
            await self._settle(taken)
        elif isinstance(committed, Exception) and len(taken) > 1 and not isinstance(committed, StoreUnavailable):
            middle = len(taken) // 2
            await self._settle(taken[:middle])
            await self._settle(taken[middle:])
        elif isinstance(committed, Exception) and is_blocked(committed):
            self._wait_aside(taken[0])
        else:
            _hand_over(taken, committed)

    async def _commit_again(self, taken: Sequence[_Waiting]) -> list[Any] | Exception:
        """Commit the presses, once more if they were only in the way of others; return their results, or why not."""
        lock = self._limit / _LOCK_SHARE
        committed = await result_of(self._commit(taken, lock=lock))
        if isinstance(committed, StoreUnavailable) and is_rolled_back(committed):
            committed = await result_of(self._commit(taken, lock=lock))
        return committed

    def _wait_aside(self, waiting: _Waiting) -> None:
        """Let a press wait for its lock beside the batches, which go on; its member's next press comes after it."""
        self._blocked_members.add(waiting.discord_id)
        task = asyncio.create_task(self._run_blocked(waiting), name="blocked-press")
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    async def _run_blocked(self, waiting: _Waiting) -> None:
        try:
            async with self._may_block:
                if not waiting.result.done():
                    committed = await result_of(self._commit([waiting], lock=None))
                    if isinstance(committed, Exception) and is_blocked(committed):
                        committed = StoreUnavailable(cause="another transaction holds a lock")
                    _hand_over([waiting], committed)
        finally:
            self._blocked_members.discard(waiting.discord_id)
            self._start_batch()

    async def _commit(self, taken: Sequence[_Waiting], *, lock: timedelta | None) -> list[Any]:
        """Commit the presses; the first one of a month that nobody has made a partition for makes it."""
        try:
            return await self._commit_once(taken, lock)
        except MonthMissing as missing:
            async with self._database.begin(limit=self._limit) as connection:
                await add_months(connection, missing.log, missing.months)
            return await self._commit_once(taken, lock)

    async def _commit_once(self, taken: Sequence[_Waiting], lock: timedelta | None) -> list[Any]:
        async with self._database.begin(limit=self._limit) as connection:
            await limit_waits(connection, idle=self._limit, lock=lock)
            _mark(taken, is_committing=False)
            outcomes = await run_together(connection, [waiting.make() for waiting in taken])
            for waiting, outcome in zip(taken, outcomes, strict=True):
                _check(waiting, outcome)
            _mark(taken, is_committing=True)
        return [outcome.result for outcome in outcomes]


def _check(waiting: _Waiting, outcome: Outcome[Any]) -> None:
    """Raise what undoes the batch, if the press has changed something that must not stay."""
    if outcome.is_spoiled:
        raise outcome.result
    if outcome.has_changed and waiting.result.done():
        raise _GivenUp


def _mark(taken: Sequence[_Waiting], *, is_committing: bool) -> None:
    for waiting in taken:
        waiting.is_committing = is_committing


def _hand_over(taken: Sequence[_Waiting], committed: list[Any] | Exception) -> None:
    """Give each press its result, or all of them the error."""
    results = [committed] * len(taken) if isinstance(committed, Exception) else committed
    for waiting, result in zip(taken, results, strict=True):
        if waiting.result.done():
            continue
        if isinstance(result, Exception):
            waiting.result.set_exception(result)
        else:
            waiting.result.set_result(result)
