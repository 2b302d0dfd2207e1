"""Keeping the processes of `easel run` alive: started, waited for, started again when they die, stopped together.

What the programs do is not known here. A program says that it is ready with a line on its standard output, and
holds its standard input open to notice when its parent is gone.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

from easel.process.signals import StopSignals

READY_LINE = "ready"

MIN_RESTART_DELAY = timedelta(seconds=1)
MAX_RESTART_DELAY = timedelta(minutes=1)
STABLE_AFTER = timedelta(minutes=1)
STOP_GRACE = timedelta(seconds=30)
FORCE_GRACE = timedelta(seconds=5)

PrintLine = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Program:
    """One process to keep: what to start, and what its environment has besides the parent's.

    after: names that must be ready before this one is started; the programs among them are stopped after it.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SupervisorState:
    """How it stands with the processes.

    ready: set for each program, by name, at its first readiness, and by the caller for what is no program.
    ended: set for each program when it has ended for good.
    grace: from being asked to stop to being killed; `force_grace` from being asked again.
    failed: names of the programs that ended before they were ever ready; grows while they run.
    """

    ready: Mapping[str, asyncio.Event]
    ended: Mapping[str, asyncio.Event]
    signals: StopSignals
    grace: timedelta = STOP_GRACE
    force_grace: timedelta = FORCE_GRACE
    failed: list[str] = field(default_factory=list)


def new_supervisor_state(
    programs: Sequence[Program], signals: StopSignals, *others: str, grace: timedelta = STOP_GRACE
) -> SupervisorState:
    """Return a state on which nothing has happened yet; `others` become ready by the caller's word."""
    names = [program.name for program in programs]
    ready = {name: asyncio.Event() for name in [*others, *names]}
    return SupervisorState(ready=ready, ended={name: asyncio.Event() for name in names}, signals=signals, grace=grace)


async def keep_running(programs: Sequence[Program], state: SupervisorState, print_line: PrintLine) -> None:
    """Run the programs until they are told to stop, and return when every one of them has ended.

    A program that dies is started again after a delay that doubles up to a minute. One that ends before it was
    ever ready stops everything and is named in `state.failed`.
    """
    async with asyncio.TaskGroup() as group:
        for program in programs:
            users = [other.name for other in programs if program.name in other.after]
            group.create_task(_keep_running_one(program, users, state, print_line))


async def wait_until_ready(state: SupervisorState) -> bool:
    """Wait until everything is ready; False when it was told to stop first."""
    await _wait_for_first(_all_set(state.ready.values()), state.signals.stop.wait())
    return not state.signals.stop.is_set()


async def _all_set(events: Iterable[asyncio.Event]) -> None:
    for event in events:
        await event.wait()


async def _keep_running_one(
    program: Program, users: Sequence[str], state: SupervisorState, print_line: PrintLine
) -> None:
    try:
        await _wait_for_first(_all_set(state.ready[name] for name in program.after), state.signals.stop.wait())
        may_stop = [state.signals.stop, *(state.ended[name] for name in users)]
        await _keep_alive(program, may_stop, state, print_line)
    finally:
        state.ended[program.name].set()


async def _keep_alive(
    program: Program, may_stop: Sequence[asyncio.Event], state: SupervisorState, print_line: PrintLine
) -> None:
    clock = asyncio.get_running_loop()
    delay = MIN_RESTART_DELAY
    while not state.signals.stop.is_set():
        began = clock.time()
        code = await _run_once(program, may_stop, state, print_line)
        if state.signals.stop.is_set():
            return
        if not state.ready[program.name].is_set():
            state.failed.append(program.name)
            state.signals.stop.set()
            return
        if clock.time() - began > STABLE_AFTER.total_seconds():
            delay = MIN_RESTART_DELAY
        print_line(f"The {program.name} {_ending(code)}. Starting it again in {delay.total_seconds():.0f} s.")
        await _wait_for_first(asyncio.sleep(delay.total_seconds()), state.signals.stop.wait())
        delay = min(delay * 2, MAX_RESTART_DELAY)


async def _run_once(
    program: Program, may_stop: Sequence[asyncio.Event], state: SupervisorState, print_line: PrintLine
) -> int:
    """Start the program, and return its exit code once it has died or been stopped."""
    with _lifeline_pipe() as lifeline, _ready_pipe(state.ready[program.name]) as ready_line:
        # With pipes of asyncio's own, waiting for the process would mean waiting for all that inherited them.
        process = await asyncio.create_subprocess_exec(
            *program.command,
            stdin=lifeline,
            stdout=ready_line,
            env={**os.environ, **program.environment},
            # Ctrl-C in a terminal goes to a whole process group; here the parent decides who stops when.
            start_new_session=True,
        )
        try:
            await _wait_for_first(process.wait(), _all_set(may_stop))
            return await _stop(process, program.name, state, print_line)
        finally:
            _kill_group(process.pid)


@contextmanager
def _lifeline_pipe() -> Iterator[int]:
    """Yield the end of a pipe for a child to read, which is at its end when this process is."""
    theirs, ours = os.pipe()
    try:
        yield theirs
    finally:
        os.close(theirs)
        os.close(ours)


@contextmanager
def _ready_pipe(ready: asyncio.Event) -> Iterator[int]:
    """Yield the end of a pipe for a child to write to; the line that says so there sets `ready`."""
    ours, theirs = os.pipe()
    mark = f"{READY_LINE}\n".encode()
    received = bytearray()

    def read_output() -> None:
        # Read to the end, because a program whose standard output is full would stand still.
        received.extend(os.read(ours, 65536))
        if mark in received:
            ready.set()
        del received[: -len(mark)]

    loop = asyncio.get_running_loop()
    loop.add_reader(ours, read_output)
    try:
        yield theirs
    finally:
        loop.remove_reader(ours)
        os.close(ours)
        os.close(theirs)


async def _stop(process: asyncio.subprocess.Process, name: str, state: SupervisorState, print_line: PrintLine) -> int:
    """Ask, ask again when in a hurry, and kill what has not ended within the grace."""
    _send(process, signal.SIGTERM)
    await _wait_for_first(process.wait(), state.signals.force_stop.wait(), asyncio.sleep(state.grace.total_seconds()))
    if process.returncode is None and state.signals.force_stop.is_set():
        _send(process, signal.SIGTERM)
        await _wait_for_first(process.wait(), asyncio.sleep(state.force_grace.total_seconds()))
    if process.returncode is None:
        print_line(f"The {name} does not stop: killing it.")
        _send(process, signal.SIGKILL)
    return await process.wait()


def _send(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """Signal the process unless it has ended.

    Not by `terminate` and `kill`: they look for its end and take the exit code away from whoever waits for it.
    """
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)


def _kill_group(pid: int) -> None:
    """Leave nothing behind of what the program started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


async def _wait_for_first(*waiting: Awaitable[object]) -> None:
    tasks = [asyncio.ensure_future(one) for one in waiting]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def _ending(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
