"""The jobs an engine has in hand, and how each is let go of before its painting ends."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from engine.contract.errors import JobInterrupted, TransientError
from engine.contract.jobs import Job

Result = TypeVar("Result")


class LeaseLost(TransientError):
    """The job was cancelled, or another engine has it now; nothing more is to be written about it."""


@dataclass(frozen=True, kw_only=True)
class Hold:
    """One job in hand; `ended` is set with the reason when it is to be let go of."""

    job: Job
    ended: asyncio.Future[TransientError]


@dataclass(frozen=True, kw_only=True)
class Holds:
    """Every job in hand, by id."""

    by_id: dict[UUID, Hold] = field(default_factory=dict)
    interrupted: asyncio.Event = field(default_factory=asyncio.Event)

    @contextmanager
    def holding(self, job: Job) -> Iterator[Hold]:
        """Yield the hold on `job`, which is in hand until the block ends."""
        hold = Hold(job=job, ended=asyncio.get_running_loop().create_future())
        self.by_id[job.id] = hold
        if self.interrupted.is_set():
            _end(hold, JobInterrupted())
        try:
            yield hold
        finally:
            del self.by_id[job.id]

    def attempts(self) -> Mapping[UUID, int]:
        """Return the attempt that each job in hand was started with."""
        return {job_id: hold.job.attempts for job_id, hold in self.by_id.items()}

    def lose(self, job_id: UUID, *, attempt: int | None = None) -> None:
        """Let go of the job, if it is in hand in that attempt, because it is no longer ours."""
        hold = self.by_id.get(job_id)
        if hold is not None and attempt in (None, hold.job.attempts):
            _end(hold, LeaseLost())

    def interrupt(self) -> None:
        """Let go of every job, now and from now on, because the engine stops."""
        self.interrupted.set()
        for hold in self.by_id.values():
            _end(hold, JobInterrupted())


async def pursue(hold: Hold, work: Coroutine[Any, Any, Result]) -> Result:
    """Return what `work` returns, or cancel it and raise the reason when the job is to be let go of first."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait((task, hold.ended), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise hold.ended.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait((task,))


def _end(hold: Hold, reason: TransientError) -> None:
    if not hold.ended.done():
        hold.ended.set_result(reason)
