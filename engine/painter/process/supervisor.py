"""A painter that outlives what it paints with: requests go to a child process, which is replaced when it dies or hangs.

Torch lives in the child only. A request whose child was lost fails with PainterLost, so that the queue offers it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from uuid import uuid4

import structlog

from engine.contract.errors import PainterLost
from engine.contract.painting import Painted, PaintRequest, Progress
from engine.painter.process.launch import PainterOptions, Process, start_process
from engine.painter.process.logs import write_down
from engine.painter.process.messages import (
    Frame,
    Kind,
    Phase,
    bytes_from_frame,
    error_from_frame,
    event_from_frame,
    frame_from_request,
    read_frame,
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class SupervisorOptions:
    """How a child is looked after.

    patience: time without a word from it, by what it is at, after which it counts as hung. Nothing is expected of an
        idle child that has no requests.
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
    program: str = "engine.painter.process.child"


class SupervisedPainter:
    """Paints requests in a child process; made by `supervise`."""

    def __init__(self, painter_options: PainterOptions, options: SupervisorOptions) -> None:
        self._painter_options, self._options = painter_options, options
        self._ready: asyncio.Future[Child] = asyncio.get_running_loop().create_future()
        self._child: Child | None = None

    @property
    def is_ready(self) -> bool:
        """Whether a child is loaded and takes requests."""
        return self._ready.done() and not self._ready.cancelled() and self._ready.exception() is None

    @property
    def pid(self) -> int | None:
        """Process id of the child, None while there is none."""
        return self._child.process.pid if self._child else None

    async def wait_ready(self) -> None:
        """Return when a child takes requests.

        Raises: OperatorError or RequestError when it cannot start, PainterLost when it was lost on the way.
        """
        await asyncio.shield(self._ready)

    async def paint(self, request: PaintRequest) -> AsyncGenerator[Progress | Painted, None]:
        """Yield progress and at last the pictures; see `engine.contract.painting.Painter`."""
        child = await asyncio.shield(self._ready)
        ticket = uuid4().hex
        frames = child.submit(ticket, request)
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
        rest = self._options.first_rest
        while True:
            was_ready = await self._one_life()
            rest = self._options.first_rest if was_ready else min(rest * 2, self._options.longest_rest)
            await asyncio.sleep(rest.total_seconds())

    async def _one_life(self) -> bool:
        """Start a child and return, when it is gone, whether it was ever ready."""
        if self._ready.done():
            self._ready = asyncio.get_running_loop().create_future()
        ready = self._ready
        try:
            self._child = child = Child(
                *await start_process(self._options.program, self._painter_options), self._options
            )
        except OSError as error:
            log.error("painter not started", cause=str(error))
            _give_up(ready)
            return False
        try:
            await child.attend(ready)
        finally:
            was_ready = ready.done() and ready.exception() is None
            if was_ready:
                # New requests wait for the next child already.
                self._ready = asyncio.get_running_loop().create_future()
            self._child = None
            await child.end()
            _give_up(ready)
        log.warning("painter lost", pid=child.process.pid, was_ready=was_ready, exit=child.process.returncode)
        return was_ready


def _give_up(ready: asyncio.Future[Child]) -> None:
    """Tell whoever still waits for a child that it was lost; where nobody does, that is no news."""
    if not ready.done():
        ready.set_exception(PainterLost())
    ready.exception()


class Child:
    """One painting process, what was asked of it, and when it must next be heard of."""

    def __init__(
        self,
        process: Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        options: SupervisorOptions,
    ) -> None:
        self.process = process
        self._reader, self._writer, self._options = reader, writer, options
        self._tickets: dict[str, asyncio.Queue[Frame | None]] = {}
        self._phase = Phase.LOAD
        self._deadline = asyncio.timeout(None)

    def submit(self, ticket: str, request: PaintRequest) -> asyncio.Queue[Frame | None]:
        """Hand a request over; return the queue of what the child says of it, with None when it is lost."""
        frames: asyncio.Queue[Frame | None] = asyncio.Queue()
        if self._writer.is_closing():
            frames.put_nowait(None)
            return frames
        self._tickets[ticket] = frames
        self._writer.write(bytes_from_frame(frame_from_request(ticket, request)))
        if self._phase is Phase.IDLE:
            self._expect()
        return frames

    def withdraw(self, ticket: str) -> None:
        """Take a request out, if it is still in."""
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
            log.error("request not painted", pid=self.process.pid, exception=frame.facts["traceback"])
        if frame.kind is Kind.BEAT:
            self._phase = Phase(frame.facts["phase"])
        elif frame.kind is Kind.LINE:
            write_down(frame, self.process.pid)
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
        patience = self._options.patience[self._phase].total_seconds()
        self._deadline.reschedule(None if at_rest else asyncio.get_running_loop().time() + patience)


@asynccontextmanager
async def supervise(
    painter_options: PainterOptions | None = None, options: SupervisorOptions | None = None
) -> AsyncIterator[SupervisedPainter]:
    """Open a painter whose child is loaded and ready; the child is killed on the way out.

    Raises: OperatorError when the default model cannot be loaded, ModelUnknown, SettingsInvalid, PainterLost.
    """
    painter = SupervisedPainter(painter_options or PainterOptions(), options or SupervisorOptions())
    tending = asyncio.create_task(painter.tend())
    try:
        await painter.wait_ready()
        yield painter
    finally:
        tending.cancel()
        with suppress(asyncio.CancelledError):
            await tending
