"""How an attempt ends that did not finish its job: who is to blame decides whether it counts, and against what.

Every write names the start, so that an engine whose job was taken over changes nothing.
"""

from __future__ import annotations

import json
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import structlog

from engine.contract.errors import (
    EaselError,
    JobInterrupted,
    OperatorError,
    PainterLost,
    PainterNotReady,
    RequestError,
    RequestLost,
    StoreUnavailable,
)
from engine.contract.jobs import MAX_CRASHES, Job
from engine.store.transitions import fail_job, is_exhausted, return_job, uncount_crash
from engine.worker.leases import LeaseLost, RunningJob, run_unless_ended
from engine.worker.runner import JobRunner, retry_while_down

Ending = tuple[str, timedelta | None]
"""The outcome for the metrics, and the delay after which the job is offered again, None for never."""

_log = structlog.get_logger(__name__)


async def end_attempt(runner: JobRunner, running: RunningJob, error: Exception) -> Ending:
    """Fail the job or return it to the queue, as the error asks.

    Nobody pays for an engine that stops, a store that is down, or a painter that cannot start. A crash of the painter
    is counted against every job in hand; only one that was painted alone fails of it. What the job failed by itself
    costs an attempt.
    """
    match error:
        case LeaseLost():
            return await _leave(runner, running.job)
        case JobInterrupted():
            return await hand_back(runner, running.job, timedelta(0))
        case StoreUnavailable():
            return await hand_back(runner, running.job, runner.options.storage_timeout)
        case RequestError() | OperatorError():
            return await _fail(runner, running, error)
        case PainterLost() if runner.stop.is_set():
            # A signal to the whole process group takes the painter first; the job is not at fault.
            return await hand_back(runner, running.job, timedelta(0))
        case PainterNotReady():
            return await hand_back(runner, running.job, _delay(runner, 1))
        case PainterLost() if not isinstance(error, RequestLost):
            return await _end_after_crash(runner, running, error)
    _log.warning("job_attempt_failed", exc_info=error)
    if is_exhausted(running.job):
        return await _fail(runner, running, error)
    return await _return(runner, running, _delay(runner, running.job.attempts), count_attempt=True)


async def _end_after_crash(runner: JobRunner, running: RunningJob, error: PainterLost) -> Ending:
    crashes = running.job.crashes + 1
    _log.warning("painter_crashed_with_job", crashes=crashes, alone=running.is_alone, killed=error.was_killed)
    # Of a process that was killed nobody knows why: by an operator, or because this job took all memory.
    if crashes >= MAX_CRASHES or (running.is_alone and not error.was_killed):
        return await _fail(runner, running, error)
    return await _return(runner, running, _delay(runner, min(crashes, 3)), count_crash=True)


async def _fail(runner: JobRunner, running: RunningJob, error: Exception) -> Ending:
    job = running.job

    async def fail() -> bool:
        async with runner.database.begin() as connection:
            return await fail_job(connection, job.id, cause_from_error(error), start=job.starts)

    return await _conclude(runner, running, fail, "failed", None)


async def _return(
    runner: JobRunner,
    running: RunningJob,
    delay: timedelta,
    *,
    count_attempt: bool = False,
    count_crash: bool = False,
) -> Ending:
    job = running.job

    async def give_back() -> bool:
        async with runner.database.begin() as connection:
            return await return_job(
                connection, job.id, count_attempt=count_attempt, count_crash=count_crash, start=job.starts
            )

    return await _conclude(runner, running, give_back, "returned", delay)


async def _conclude(
    runner: JobRunner, running: RunningJob, write: Callable[[], Awaitable[bool]], outcome: str, delay: timedelta | None
) -> Ending:
    try:
        held = await run_unless_ended(running, retry_while_down(write))
    except LeaseLost:
        return await _leave(runner, running.job)
    except JobInterrupted:
        return await hand_back(runner, running.job, timedelta(0))
    return (outcome, delay) if held else ("lost", None)


async def hand_back(runner: JobRunner, job: Job, delay: timedelta) -> Ending:
    """Return the job to the queue and count nothing; if a stopping engine cannot, its lease runs out instead."""

    async def give_back() -> bool:
        async with runner.database.begin() as connection:
            return await return_job(connection, job.id, start=job.starts)

    try:
        await retry_while_down(give_back, stop=runner.stop)
    except StoreUnavailable as error:
        _log.warning("job_not_handed_back", cause=str(error))
    return "returned", delay


async def _leave(runner: JobRunner, job: Job) -> Ending:
    """Leave the job to whoever has it now; this engine did not crash with it."""
    try:
        async with runner.database.begin() as connection:
            await uncount_crash(connection, job.id, start=job.starts)
    except StoreUnavailable as error:
        _log.warning("crash_not_uncounted", cause=str(error))
    return "lost", None


def _delay(runner: JobRunner, failures: int) -> timedelta:
    """Return the wait after so many failures; spread out, so that jobs that failed together do not return together."""
    return runner.options.retry_delay * (2.0 ** (failures - 1) * random.uniform(0.5, 1.5))


def cause_from_error(error: Exception) -> Mapping[str, Any]:
    """Return the error as a failed job keeps it: class name and facts, JSON-ready."""
    facts = error.facts if isinstance(error, EaselError) else {"message": str(error)}
    cause: dict[str, Any] = json.loads(json.dumps({**facts, "error": type(error).__name__}, default=str))
    return cause
