"""The jobs that an engine is running, and how each can be ended early."""

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
    """The job was cancelled, or another engine has it now; nothing more may be written about it."""


@dataclass(frozen=True, kw_only=True)
class RunningJob:
    """One running job; `ended` is set with the reason when it must end early.

    is_alone: whether the painter has no other job in hand.
    """

    job: Job
    is_alone: bool
    ended: asyncio.Future[TransientError]


@dataclass(frozen=True, kw_only=True)
class RunningJobs:
    """All running jobs, by id."""

    by_id: dict[UUID, RunningJob] = field(default_factory=dict)
    interrupted: asyncio.Event = field(default_factory=asyncio.Event)

    @contextmanager
    def track(self, job: Job, *, is_alone: bool) -> Iterator[RunningJob]:
        """Track the job as running until the block ends."""
        running = RunningJob(job=job, is_alone=is_alone, ended=asyncio.get_running_loop().create_future())
        self.by_id[job.id] = running
        if self.interrupted.is_set():
            _end(running, JobInterrupted())
        try:
            yield running
        finally:
            del self.by_id[job.id]

    def starts(self) -> Mapping[UUID, int]:
        """Return the start of each running job."""
        return {job_id: running.job.starts for job_id, running in self.by_id.items()}

    def lose(self, job_id: UUID, *, start: int | None = None) -> None:
        """End the job, if it is running from that start, because its lease is lost."""
        running = self.by_id.get(job_id)
        if running is not None and start in (None, running.job.starts):
            _end(running, LeaseLost())

    def interrupt(self) -> None:
        """End every job, now and from now on, because the engine stops."""
        self.interrupted.set()
        for running in self.by_id.values():
            _end(running, JobInterrupted())


async def run_unless_ended(running: RunningJob, work: Coroutine[Any, Any, Result]) -> Result:
    """Return what `work` returns, or cancel it and raise the reason when the job must end first."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait((task, running.ended), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise running.ended.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait((task,))


def _end(running: RunningJob, reason: TransientError) -> None:
    if not running.ended.done():
        running.ended.set_result(reason)
