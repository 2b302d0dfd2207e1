"""How a process is asked to stop: a service once to finish its work and twice to abandon it, a command to clean up."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class StopSignals:
    """The stop signals this process has received.

    stop: finish the current work, then exit. force_stop: abandon the current work; never set before `stop`.
    """

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    force_stop: asyncio.Event = field(default_factory=asyncio.Event)


def end_on_sigterm_as_first_process() -> None:
    """Let SIGTERM end the first process of a container before a service handles it.

    Linux gives such a process no signal that it has no handler for: one that is told to stop while it still imports
    would be killed when the patience of whoever told it is over.
    """
    if os.getpid() == 1:
        signal.signal(signal.SIGTERM, _exit)


def _exit(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


@asynccontextmanager
async def stop_on_signals() -> AsyncIterator[StopSignals]:
    """Yield events of which the first SIGINT or SIGTERM sets `stop` and the next one `force_stop`."""
    signals = StopSignals()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _on_signal, signals)
    try:
        yield signals
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def run_command(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a command and return its result; SIGTERM and SIGHUP cancel it, as Ctrl-C does, so that it cleans up.

    Raises: SystemExit with the exit code of a process that the signal ended.
    """
    received: list[signal.Signals] = []

    async def run() -> Result:
        task = asyncio.current_task()
        assert task is not None

        def cancel(number: signal.Signals) -> None:
            received.append(number)
            task.cancel()

        for number in (signal.SIGTERM, signal.SIGHUP):
            # Under nohup, a command outlives its terminal.
            if signal.getsignal(number) is not signal.SIG_IGN:
                asyncio.get_running_loop().add_signal_handler(number, cancel, number)
        return await work

    try:
        return asyncio.run(run())
    except asyncio.CancelledError:
        raise SystemExit(128 + next(iter(received), signal.SIGTERM)) from None


def _on_signal(signals: StopSignals) -> None:
    if signals.stop.is_set():
        signals.force_stop.set()
    signals.stop.set()
