"""A painter that survives what it paints with: requests go to a child process, which is replaced when it dies or hangs.

Torch lives in the child only. A request whose child was lost fails with PainterLost, so that the queue offers it again.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from uuid import uuid4

import structlog

from engine.contract.errors import PainterLost, PainterNotReady
from engine.contract.painting import PaintRequest, PaintResult, Progress
from engine.painter.phase import Phase
from engine.painter.process.launch import PainterOptions, Process, start_process
from engine.painter.process.logs import log_frame
from engine.painter.process.messages import (
    RESULTS,
    Frame,
    FrameKind,
    bytes_from_frame,
    error_from_frame,
    event_from_frame,
    frame_from_request,
    read_frame,
)

_END_SECONDS = 1.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class SupervisorOptions:
    """How a child is supervised.

    timeouts: time without a message in each phase after which the child counts as hung; an idle child without requests
        need not send any.
    first_delay, longest_delay: before a lost child is replaced; doubles while children are lost before they are ready.
    program: module that the child runs.
    """

    timeouts: Mapping[Phase, timedelta] = field(
        default_factory=lambda: MappingProxyType(
            {
                Phase.LOAD: timedelta(minutes=10),
                Phase.STEP: timedelta(minutes=5),
                Phase.DECODE: timedelta(minutes=5),
                Phase.IDLE: timedelta(minutes=5),
            }
        )
    )
    first_delay: timedelta = timedelta(seconds=0.2)
    longest_delay: timedelta = timedelta(seconds=30)
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

        Raises: OperatorError or RequestError when it cannot start, PainterLost when it was lost before.
        """
        await asyncio.shield(self._ready)

    async def paint(self, request: PaintRequest) -> AsyncGenerator[Progress | PaintResult, None]:
        """Yield progress, then the result; see `engine.contract.painting.Painter`."""
        child = await asyncio.shield(self._ready)
        call_id = uuid4().hex
        frames = child.submit(call_id, request)
        try:
            while True:
                frame = await frames.get()
                if frame is None:
                    raise child.loss()
                if frame.kind is FrameKind.FAILED:
                    raise error_from_frame(frame)
                yield event_from_frame(frame)
                if frame.kind in RESULTS:
                    return
        finally:
            child.cancel(call_id)

    async def keep_running(self) -> None:
        """Replace lost children until cancelled."""
        delay = self._options.first_delay
        while True:
            was_ready = await self._run_child()
            delay = self._options.first_delay if was_ready else min(delay * 2, self._options.longest_delay)
            await asyncio.sleep(delay.total_seconds())

    async def _run_child(self) -> bool:
        """Start a child and return, when it is gone, whether it was ever ready."""
        if self._ready.done():
            self._ready = asyncio.get_running_loop().create_future()
        ready = self._ready
        try:
            self._child = child = Child(
                *await start_process(self._options.program, self._painter_options), self._options
            )
        except OSError as error:
            _log.error("painter_not_started", cause=str(error))
            _fail_waiting(ready)
            return False
        try:
            await child.relay(ready)
        finally:
            was_ready = ready.done() and ready.exception() is None
            if was_ready:
                # New requests already wait for the next child.
                self._ready = asyncio.get_running_loop().create_future()
            self._child = None
            await child.end()
            _fail_waiting(ready)
        _log.warning("painter_lost", pid=child.process.pid, was_ready=was_ready, exit=child.process.returncode)
        return was_ready


def _fail_waiting(ready: asyncio.Future[Child]) -> None:
    """Fail everything that waits for a child; with nothing waiting, the error counts as retrieved."""
    if not ready.done():
        ready.set_exception(PainterNotReady())
    ready.exception()


class Child:
    """One painting process, its requests, and the time by which it must send its next message."""

    def __init__(
        self,
        process: Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        options: SupervisorOptions,
    ) -> None:
        self.process = process
        self._reader, self._writer, self._options = reader, writer, options
        self._calls: dict[str, asyncio.Queue[Frame | None]] = {}
        self._phase = Phase.LOAD
        self._is_hung = False
        self._deadline = asyncio.timeout(None)

    def submit(self, call_id: str, request: PaintRequest) -> asyncio.Queue[Frame | None]:
        """Send a request; return the queue of the child's frames about it, with None when the child is lost.

        Raises: PainterNotReady when the child is already lost.
        """
        frames: asyncio.Queue[Frame | None] = asyncio.Queue()
        if self._writer.is_closing():
            raise PainterNotReady()
        self._calls[call_id] = frames
        self._writer.write(bytes_from_frame(frame_from_request(call_id, request)))
        if self._phase is Phase.IDLE:
            self._reset_deadline()
        return frames

    def cancel(self, call_id: str) -> None:
        """Cancel a request, if it is still running."""
        if self._calls.pop(call_id, None) is not None and not self._writer.is_closing():
            self._writer.write(bytes_from_frame(Frame(kind=FrameKind.CANCEL, call_id=call_id)))

    async def relay(self, ready: asyncio.Future[Child]) -> None:
        """Pass on the child's frames until it is gone, or silent for longer than its phase allows."""
        try:
            async with self._deadline:
                self._reset_deadline()
                while (frame := await read_frame(self._reader)) is not None:
                    self._handle(frame, ready)
                    self._reset_deadline()
        except TimeoutError:
            self._is_hung = True
            _log.error("painter_hung", pid=self.process.pid, phase=self._phase)
            return
        self._writer.close()
        # It ends by itself and says how; killed now it could not.
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_SECONDS):
                await self.process.wait()

    async def end(self) -> None:
        """Kill the process if it is still there, and release everything that waits for it."""
        self._writer.close()
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        for frames in self._calls.values():
            frames.put_nowait(None)

    def loss(self) -> PainterLost:
        """Return the error of the requests that it had in hand when it was lost."""
        was_killed = not self._is_hung and self.process.returncode == -signal.SIGKILL
        return PainterLost(was_killed=was_killed)

    def _handle(self, frame: Frame, ready: asyncio.Future[Child]) -> None:
        if "traceback" in frame.facts:
            # Logged here, where logging is configured; expected errors are logged by the worker.
            _log.error("request_not_painted", pid=self.process.pid, exception=frame.facts["traceback"])
        if frame.kind is FrameKind.HEARTBEAT:
            self._phase = Phase(frame.facts["phase"])
        elif frame.kind is FrameKind.LOG:
            log_frame(frame, self.process.pid)
        elif frame.kind is FrameKind.READY:
            ready.set_result(self)
        elif frame.call_id in self._calls:
            self._calls[frame.call_id].put_nowait(frame)
            if frame.kind is FrameKind.FAILED or frame.kind in RESULTS:
                del self._calls[frame.call_id]
        elif frame.kind is FrameKind.FAILED and not frame.call_id:
            ready.set_exception(error_from_frame(frame))

    def _reset_deadline(self) -> None:
        """Set the time by which the next message must come; none while the child has nothing to do."""
        is_idle = self._phase is Phase.IDLE and not self._calls
        timeout = self._options.timeouts[self._phase].total_seconds()
        self._deadline.reschedule(None if is_idle else asyncio.get_running_loop().time() + timeout)


@asynccontextmanager
async def supervise(
    painter_options: PainterOptions | None = None, options: SupervisorOptions | None = None
) -> AsyncIterator[SupervisedPainter]:
    """Open a painter whose child is loaded and ready; the child is killed on the way out.

    Raises: OperatorError when the default model cannot be loaded, ModelUnknown, SettingsInvalid, PainterLost.
    """
    painter = SupervisedPainter(painter_options or PainterOptions(), options or SupervisorOptions())
    running = asyncio.create_task(painter.keep_running())
    try:
        await painter.wait_ready()
        yield painter
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
