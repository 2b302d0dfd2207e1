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

from easel.process.signals import Orders

READY_LINE = "ready"

FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=1)
SETTLED_AFTER = timedelta(minutes=1)
STOP_GRACE = timedelta(seconds=30)
HURRIED_GRACE = timedelta(seconds=5)

Say = Callable[[str], None]


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
class Watch:
    """How it stands with the processes.

    ready: set for each program, by name, at its first readiness, and by the caller for what is no program.
    over: set for each program when it has ended for good.
    grace: from being asked to stop to being killed; `hurried_grace` from being asked again.
    failed: names of the programs that ended before they were ever ready; grows while they run.
    """

    ready: Mapping[str, asyncio.Event]
    over: Mapping[str, asyncio.Event]
    orders: Orders
    grace: timedelta = STOP_GRACE
    hurried_grace: timedelta = HURRIED_GRACE
    failed: list[str] = field(default_factory=list)


def new_watch(programs: Sequence[Program], orders: Orders, *others: str, grace: timedelta = STOP_GRACE) -> Watch:
    """Return a watch on which nothing has happened yet; `others` become ready by the caller's word."""
    names = [program.name for program in programs]
    ready = {name: asyncio.Event() for name in [*others, *names]}
    return Watch(ready=ready, over={name: asyncio.Event() for name in names}, orders=orders, grace=grace)


async def keep_running(programs: Sequence[Program], watch: Watch, say: Say) -> None:
    """Run the programs until they are told to stop, and return when every one of them has ended.

    A program that dies is started again after a pause that doubles up to a minute. One that ends before it was
    ever ready stops everything and is named in `watch.failed`.
    """
    async with asyncio.TaskGroup() as group:
        for program in programs:
            users = [other.name for other in programs if program.name in other.after]
            group.create_task(_keep_one(program, users, watch, say))


async def wait_until_ready(watch: Watch) -> bool:
    """Wait until everything is ready; False when it was told to stop first."""
    await _first_of(_all_set(watch.ready.values()), watch.orders.stop.wait())
    return not watch.orders.stop.is_set()


async def _all_set(events: Iterable[asyncio.Event]) -> None:
    for event in events:
        await event.wait()


async def _keep_one(program: Program, users: Sequence[str], watch: Watch, say: Say) -> None:
    try:
        await _first_of(_all_set(watch.ready[name] for name in program.after), watch.orders.stop.wait())
        may_stop = [watch.orders.stop, *(watch.over[name] for name in users)]
        await _keep_alive(program, may_stop, watch, say)
    finally:
        watch.over[program.name].set()


async def _keep_alive(program: Program, may_stop: Sequence[asyncio.Event], watch: Watch, say: Say) -> None:
    clock = asyncio.get_running_loop()
    pause = FIRST_PAUSE
    while not watch.orders.stop.is_set():
        began = clock.time()
        code = await _run_once(program, may_stop, watch, say)
        if watch.orders.stop.is_set():
            return
        if not watch.ready[program.name].is_set():
            watch.failed.append(program.name)
            watch.orders.stop.set()
            return
        if clock.time() - began > SETTLED_AFTER.total_seconds():
            pause = FIRST_PAUSE
        say(f"The {program.name} {_ending(code)}. Starting it again in {pause.total_seconds():.0f} s.")
        await _first_of(asyncio.sleep(pause.total_seconds()), watch.orders.stop.wait())
        pause = min(pause * 2, LONGEST_PAUSE)


async def _run_once(program: Program, may_stop: Sequence[asyncio.Event], watch: Watch, say: Say) -> int:
    """Start the program, and return its exit code once it has died or been stopped."""
    with _lifeline() as lifeline, _ready_line(watch.ready[program.name]) as ready_line:
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
            await _first_of(process.wait(), _all_set(may_stop))
            return await _stop(process, program.name, watch, say)
        finally:
            _kill_group(process.pid)


@contextmanager
def _lifeline() -> Iterator[int]:
    """Yield the end of a pipe for a child to read, which is at its end when this process is."""
    theirs, ours = os.pipe()
    try:
        yield theirs
    finally:
        os.close(theirs)
        os.close(ours)


@contextmanager
def _ready_line(ready: asyncio.Event) -> Iterator[int]:
    """Yield the end of a pipe for a child to write to; the line that says so there sets `ready`."""
    ours, theirs = os.pipe()
    mark = f"{READY_LINE}\n".encode()
    heard = bytearray()

    def hear() -> None:
        # Read to the end, because a program whose standard output is full would stand still.
        heard.extend(os.read(ours, 65536))
        if mark in heard:
            ready.set()
        del heard[: -len(mark)]

    loop = asyncio.get_running_loop()
    loop.add_reader(ours, hear)
    try:
        yield theirs
    finally:
        loop.remove_reader(ours)
        os.close(ours)
        os.close(theirs)


async def _stop(process: asyncio.subprocess.Process, name: str, watch: Watch, say: Say) -> int:
    """Ask, ask again when in a hurry, and kill what has not ended within the grace."""
    _send(process, signal.SIGTERM)
    await _first_of(process.wait(), watch.orders.hurry.wait(), asyncio.sleep(watch.grace.total_seconds()))
    if process.returncode is None and watch.orders.hurry.is_set():
        _send(process, signal.SIGTERM)
        await _first_of(process.wait(), asyncio.sleep(watch.hurried_grace.total_seconds()))
    if process.returncode is None:
        say(f"The {name} does not stop: killing it.")
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


async def _first_of(*waiting: Awaitable[object]) -> None:
    tasks = [asyncio.ensure_future(one) for one in waiting]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def _ending(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
