"""A painter that outlives what it paints with: orders go to a child process, which is replaced when it dies or hangs.

Torch lives in the child only. An order whose child was lost fails with PainterLost, so that the queue offers it again.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from uuid import uuid4

import structlog

import engine
from engine.contract.errors import PainterLost
from engine.contract.painting import Order, Painted, Progress
from engine.models.registry import SHIPPED
from engine.painter.wire import (
    Frame,
    Kind,
    Phase,
    bytes_from_frame,
    error_from_frame,
    event_from_frame,
    frame_from_order,
    read_frame,
)

log = structlog.get_logger(__name__)

_ROOT = Path(engine.__file__).parent.parent

# OpenMP's threads spin while they wait for each other: where other processes want the cores, a forward of the starter
# on 2 threads took 13.8 s spinning and 0.2 s sleeping (measured: 2026-11-21, 2 cores, load average 11).
_QUIET_THREADS = {"OMP_WAIT_POLICY": "PASSIVE"}

# Libraries read these while they are imported, so that nothing in the child could set them in time.
_QUIET_LIBRARIES = {
    "DIFFUSERS_VERBOSITY": "error",
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TQDM_DISABLE": "1",
}


@dataclass(frozen=True, kw_only=True)
class Care:
    """How a child is looked after.

    patience: time without a word from it, by what it is at, after which it counts as hung. Nothing is expected of an
        idle child that has no orders.
    first_rest, longest_rest: time before a lost child is replaced; doubles while children are lost without having
        been ready.
    program: module that the child runs.
    """

    patience: Mapping[Phase, timedelta] = field(
        default_factory=lambda: MappingProxyType(
            {
                Phase.LOAD: timedelta(minutes=10),
                Phase.STEP: timedelta(minutes=5),
                Phase.DECODE: timedelta(minutes=5),
                Phase.IDLE: timedelta(minutes=5),
            }
        )
    )
    first_rest: timedelta = timedelta(seconds=0.2)
    longest_rest: timedelta = timedelta(seconds=30)
    program: str = "engine.painter.child"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What the child paints with.

    model: name of its default model; None takes the registry's.
    width: widest forward in rows; None measures it.
    threads: of torch on the CPU; None leaves them as torch likes.
    cache: folder that keeps what is compiled for the next start; None leaves the place to torch.
    """

    registry: Path = SHIPPED
    model: str | None = None
    width: int | None = None
    threads: int | None = None
    cache: Path | None = None


class SupervisedPainter:
    """Paints orders in a child process; made by `supervise`."""

    def __init__(self, setting: Setting, care: Care) -> None:
        self._setting, self._care = setting, care
        self._ready: asyncio.Future[Child] = asyncio.get_running_loop().create_future()
        self._child: Child | None = None

    @property
    def is_ready(self) -> bool:
        """Whether a child is loaded and takes orders."""
        return self._ready.done() and not self._ready.cancelled() and self._ready.exception() is None

    @property
    def pid(self) -> int | None:
        """Process id of the child, None while there is none."""
        return self._child.process.pid if self._child else None

    async def wait_ready(self) -> None:
        """Return when a child takes orders.

        Raises: Fault or RequestRefused when it cannot start, PainterLost when it was lost on the way.
        """
        await asyncio.shield(self._ready)

    async def paint(self, order: Order) -> AsyncGenerator[Progress | Painted, None]:
        """Yield progress and at last the pictures; see `engine.contract.painting.Painter`."""
        child = await asyncio.shield(self._ready)
        ticket = uuid4().hex
        frames = child.submit(ticket, order)
        try:
            while True:
                frame = await frames.get()
                if frame is None:
                    raise PainterLost()
                if frame.kind is Kind.FAILED:
                    raise error_from_frame(frame)
                yield event_from_frame(frame)
                if frame.kind is Kind.PAINTED:
                    return
        finally:
            child.withdraw(ticket)

    async def tend(self) -> None:
        """Keep a child alive until cancelled."""
        rest = self._care.first_rest
        while True:
            was_ready = await self._one_life()
            rest = self._care.first_rest if was_ready else min(rest * 2, self._care.longest_rest)
            await asyncio.sleep(rest.total_seconds())

    async def _one_life(self) -> bool:
        """Start a child and return, when it is gone, whether it was ever ready."""
        if self._ready.done():
            self._ready = asyncio.get_running_loop().create_future()
        ready = self._ready
        try:
            self._child = child = await start_child(self._setting, self._care)
        except OSError as error:
            log.error("painter not started", cause=str(error))
            return self._is_over(ready)
        try:
            await child.attend(ready)
        finally:
            was_ready = self._is_over(ready)
            self._child = None
            await child.end()
        log.warning("painter lost", pid=child.process.pid, was_ready=was_ready, exit=child.process.returncode)
        return was_ready

    def _is_over(self, ready: asyncio.Future[Child]) -> bool:
        """Let new orders wait for the next child, or meet why this one could not start; return whether it could."""
        if not ready.done():
            ready.set_exception(PainterLost())
        if ready.exception() is not None:
            return False
        self._ready = asyncio.get_running_loop().create_future()
        return True


class Child:
    """One painting process, what was asked of it, and when it must next be heard of."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        care: Care,
    ) -> None:
        self.process = process
        self._reader, self._writer, self._care = reader, writer, care
        self._tickets: dict[str, asyncio.Queue[Frame | None]] = {}
        self._phase = Phase.LOAD
        self._deadline = asyncio.timeout(None)

    def submit(self, ticket: str, order: Order) -> asyncio.Queue[Frame | None]:
        """Hand an order over; return the queue of what the child says of it, with None when it is lost."""
        frames: asyncio.Queue[Frame | None] = asyncio.Queue()
        if self._writer.is_closing():
            frames.put_nowait(None)
            return frames
        self._tickets[ticket] = frames
        self._writer.write(bytes_from_frame(frame_from_order(ticket, order)))
        if self._phase is Phase.IDLE:
            self._expect()
        return frames

    def withdraw(self, ticket: str) -> None:
        """Take an order out, if it is still in."""
        if self._tickets.pop(ticket, None) is not None and not self._writer.is_closing():
            self._writer.write(bytes_from_frame(Frame(kind=Kind.DROP, ticket=ticket)))

    async def attend(self, ready: asyncio.Future[Child]) -> None:
        """Pass on what the child says until it is gone, or silent for longer than anybody has patience."""
        try:
            async with self._deadline:
                self._expect()
                while (frame := await read_frame(self._reader)) is not None:
                    self._take(frame, ready)
                    self._expect()
        except TimeoutError:
            log.error("painter hung", pid=self.process.pid, phase=self._phase)

    async def end(self) -> None:
        """Kill the process if it is still there, and let go of everybody who waits for it."""
        self._writer.close()
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        for frames in self._tickets.values():
            frames.put_nowait(None)

    def _take(self, frame: Frame, ready: asyncio.Future[Child]) -> None:
        if "traceback" in frame.facts:
            # Written down here, where logging is set up; of what was expected to go wrong the worker tells.
            log.error("order not painted", pid=self.process.pid, exception=frame.facts["traceback"])
        if frame.kind is Kind.BEAT:
            self._phase = Phase(frame.facts["phase"])
        elif frame.kind is Kind.READY:
            ready.set_result(self)
        elif frame.ticket in self._tickets:
            self._tickets[frame.ticket].put_nowait(frame)
            if frame.kind in (Kind.PAINTED, Kind.FAILED):
                del self._tickets[frame.ticket]
        elif frame.kind is Kind.FAILED and not frame.ticket:
            ready.set_exception(error_from_frame(frame))

    def _expect(self) -> None:
        """Set the time by which the next word must come; none when there is nothing to do."""
        at_rest = self._phase is Phase.IDLE and not self._tickets
        patience = self._care.patience[self._phase].total_seconds()
        self._deadline.reschedule(None if at_rest else asyncio.get_running_loop().time() + patience)


async def start_child(setting: Setting, care: Care) -> Child:
    """Start a painting process with a socket to it; a fresh interpreter, because CUDA does not survive a fork.

    Raises: OSError when the system has no process, memory or descriptor for it.
    """
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            process = await _start_process(theirs.fileno(), setting, care)
        reader, writer = await asyncio.open_connection(sock=ours)
    except BaseException:
        # A process that was started ends when it finds nobody at the other side.
        ours.close()
        raise
    return Child(process, reader, writer, care)


async def _start_process(descriptor: int, setting: Setting, care: Care) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        care.program,
        *(str(descriptor), str(setting.registry.absolute()), setting.model or ""),
        *("" if number is None else str(number) for number in (setting.width, setting.threads)),
        pass_fds=(descriptor,),
        cwd=_ROOT,
        env={**_QUIET_LIBRARIES, **os.environ, **_QUIET_THREADS, **_cached(setting.cache)},
    )


def _cached(folder: Path | None) -> dict[str, str]:
    return {} if folder is None else {"TORCHINDUCTOR_CACHE_DIR": str(folder)}


@asynccontextmanager
async def supervise(setting: Setting | None = None, care: Care | None = None) -> AsyncIterator[SupervisedPainter]:
    """Open a painter whose child is loaded and ready; the child is killed on the way out.

    Raises: Fault when the default model cannot be loaded, ModelUnknown, SettingsInvalid, PainterLost.
    """
    painter = SupervisedPainter(setting or Setting(), care or Care())
    tending = asyncio.create_task(painter.tend())
    try:
        await painter.wait_ready()
        yield painter
    finally:
        tending.cancel()
        with suppress(asyncio.CancelledError):
            await tending
