"""Supervises processes: starts them in order, waits for them, restarts them when they die, stops them together.

It does not know what the programs do. A program reports that it is ready with a line on standard output, and exits
when its standard input closes because its parent is gone.
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
    """A process to supervise.

    environment: added to the parent's environment.
    after: names that must be ready before this one starts; programs among them stop after it.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SupervisorState:
    """The state of the supervised programs.

    ready: by name, set when a program is first ready; the caller sets those that are not programs.
    ended: by name, set when a program has ended for good.
    grace: time from the first SIGTERM to SIGKILL; `force_grace` from the second SIGTERM.
    failed: names of the programs that ended before they were ready; grows while they run. codes: their exit codes.
    """

    ready: Mapping[str, asyncio.Event]
    ended: Mapping[str, asyncio.Event]
    signals: StopSignals
    grace: timedelta = STOP_GRACE
    force_grace: timedelta = FORCE_GRACE
    failed: list[str] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)


def new_supervisor_state(
    programs: Sequence[Program], signals: StopSignals, *others: str, grace: timedelta = STOP_GRACE
) -> SupervisorState:
    """Return the initial state; `others` are names that the caller reports as ready."""
    names = [program.name for program in programs]
    ready = {name: asyncio.Event() for name in [*others, *names]}
    return SupervisorState(ready=ready, ended={name: asyncio.Event() for name in names}, signals=signals, grace=grace)


async def keep_running(programs: Sequence[Program], state: SupervisorState, print_line: PrintLine) -> None:
    """Run the programs until they are told to stop, and return when all have ended.

    A program that dies is restarted after a delay that doubles up to a minute. A program that ends before it was
    ever ready stops everything and is listed in `state.failed`.
    """
    async with asyncio.TaskGroup() as group:
        for program in programs:
            users = [other.name for other in programs if program.name in other.after]
            group.create_task(_keep_running_one(program, users, state, print_line))


async def wait_until_ready(state: SupervisorState) -> bool:
    """Wait until everything is ready; return False if a stop came first."""
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
            state.codes.append(code)
            state.signals.stop.set()
            return
        if clock.time() - began > STABLE_AFTER.total_seconds():
            delay = MIN_RESTART_DELAY
        print_line(f"The {program.name} {_ending(code)}. Restarting in {delay.total_seconds():.0f} s.")
        await _wait_for_first(asyncio.sleep(delay.total_seconds()), state.signals.stop.wait())
        delay = min(delay * 2, MAX_RESTART_DELAY)


async def _run_once(
    program: Program, may_stop: Sequence[asyncio.Event], state: SupervisorState, print_line: PrintLine
) -> int:
    """Start the program and return its exit code once it has ended."""
    with _stdin_pipe() as stdin, _ready_pipe(state.ready[program.name]) as stdout:
        # With asyncio's own pipes, waiting for the process would mean waiting for every process that inherited them.
        process = await asyncio.create_subprocess_exec(
            *program.command,
            stdin=stdin,
            stdout=stdout,
            env={**os.environ, **program.environment},
            # Ctrl-C in a terminal goes to the whole process group; here the parent decides what stops when.
            start_new_session=True,
        )
        try:
            await _wait_for_first(process.wait(), _all_set(may_stop))
            return await _stop(process, program.name, state, print_line)
        finally:
            _kill_group(process.pid)


@contextmanager
def _stdin_pipe() -> Iterator[int]:
    """Yield the read end of a pipe for a child; it reaches end of file when this process ends."""
    child_end, our_end = os.pipe()
    try:
        yield child_end
    finally:
        os.close(child_end)
        os.close(our_end)


@contextmanager
def _ready_pipe(ready: asyncio.Event) -> Iterator[int]:
    """Yield the write end of a pipe for a child; the ready line in it sets `ready`."""
    our_end, child_end = os.pipe()
    line = f"{READY_LINE}\n".encode()
    received = bytearray()

    def read_output() -> None:
        # Keep reading: a program blocks when the pipe of its standard output is full.
        received.extend(os.read(our_end, 65536))
        if line in received:
            ready.set()
        del received[: -len(line)]

    loop = asyncio.get_running_loop()
    loop.add_reader(our_end, read_output)
    try:
        yield child_end
    finally:
        loop.remove_reader(our_end)
        os.close(our_end)
        os.close(child_end)


async def _stop(process: asyncio.subprocess.Process, name: str, state: SupervisorState, print_line: PrintLine) -> int:
    """Send SIGTERM, again on a forced stop, and SIGKILL when the grace period is over."""
    _send(process, signal.SIGTERM)
    await _wait_for_first(process.wait(), state.signals.force_stop.wait(), asyncio.sleep(state.grace.total_seconds()))
    if process.returncode is None and state.signals.force_stop.is_set():
        _send(process, signal.SIGTERM)
        await _wait_for_first(process.wait(), asyncio.sleep(state.force_grace.total_seconds()))
    if process.returncode is None:
        print_line(f"The {name} does not stop. Killing it.")
        _send(process, signal.SIGKILL)
    return await process.wait()


def _send(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """Signal the process unless it has ended.

    Not with `terminate` or `kill`: they poll the process, which takes its exit code away from the task that waits.
    """
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)


def _kill_group(pid: int) -> None:
    """Kill everything the program started."""
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
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"exited with code {code}"
