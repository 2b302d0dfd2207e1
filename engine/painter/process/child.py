"""The painting process: a local painter behind a socket; it ends when its supervisor does.

Started only by `engine.painter.process.supervisor`.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.contract.add_ons import AddOn
from engine.contract.errors import EaselError
from engine.contract.painting import Painter
from engine.models.registry.followed import FollowedRegistry
from engine.models.registry.registry import Registry, read_registry
from engine.painter.phase import Phase
from engine.painter.process.libraries import import_libraries
from engine.painter.process.logs import forward_logs
from engine.painter.process.messages import (
    Frame,
    FrameKind,
    bytes_from_frame,
    frame_from_error,
    frame_from_event,
    read_frame,
    request_from_frame,
)

if TYPE_CHECKING:
    from engine.painter.in_process import LocalPainter

Heartbeat = Callable[[Phase], None]
OpenPainter = Callable[[Heartbeat], "AbstractAsyncContextManager[LocalPainter]"]

NICENESS = 5
"""How much lower than that of the engine the priority of the painting process is."""

_HEARTBEAT_SECONDS = 0.2


def main() -> None:
    """Serve the socket whose descriptor is the first argument; the rest say how, see `launch.PainterOptions`."""
    ignore_signals()
    lower_priority()
    descriptor, registry, model, preload, max_rows, threads, budget, measurements, classifies = sys.argv[1:]
    # Before the event loop and its threads: it takes seconds.
    import_libraries(compiles=may_compile(Path(registry)))
    connection = socket.socket(fileno=int(descriptor))
    open_painter = partial(
        _open,
        Path(registry),
        model or None,
        _number(max_rows),
        _number(threads),
        _number(budget),
        Path(measurements) if measurements else None,
        bool(classifies),
    )
    asyncio.run(serve(connection, open_painter, preload=bool(preload)))


def ignore_signals() -> None:
    """Leave ending this process to the supervisor: a signal to the whole group would cost the running pictures."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def lower_priority() -> None:
    """Let the bot and Postgres go first on the cores that they share with this process.

    Linux divides the cores between sessions before it divides them between processes, so that of a session with
    nothing but the engine the share is lowered as well.
    """
    os.nice(NICENESS)
    if os.getsid(0) == os.getppid():
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(NICENESS))


def may_compile(registry: Path) -> bool:
    """Return whether any model of the file is to be compiled; of a file that cannot be read everything is possible."""
    try:
        models = read_registry(registry).models.values()
    except EaselError:
        return True
    return any(model.speed.compile.is_by_torch for model in models)


def _number(text: str) -> int | None:
    return int(text) if text else None


def _open(
    path: Path,
    model: str | None,
    max_rows: int | None,
    threads: int | None,
    budget_bytes: int | None,
    measurements: Path | None,
    classifies: bool,
    heartbeat: Heartbeat,
) -> AbstractAsyncContextManager[LocalPainter]:
    from engine.painter.in_process import create_painter

    def prepare(registry: Registry) -> Registry:
        if model is not None:
            registry = replace(registry, default=registry.model(model).name)
        return registry if classifies else registry.without(AddOn.CLASSIFIER)

    followed = FollowedRegistry(path, prepare)
    return create_painter(
        followed.current(),
        current=followed.current,
        max_rows=max_rows,
        threads=threads,
        budget_bytes=budget_bytes,
        heartbeat=heartbeat,
        measurements=measurements,
    )


async def serve(connection: socket.socket, open_painter: OpenPainter, *, preload: bool = True) -> None:
    """Paint requests from the socket until the supervisor is gone, then end the process.

    open_painter: takes the function to call in every phase of the painter's work.
    preload: whether the default model is loaded before the process is ready.
    """
    reader, writer = await asyncio.open_connection(sock=connection)
    forward_logs(partial(_send, writer))
    # Read at once: compiling takes minutes, and the supervisor may be gone meanwhile.
    first = asyncio.create_task(read_frame(reader))
    first.add_done_callback(_end_without_supervisor)
    try:
        async with open_painter(_heartbeat(writer)) as painter:
            if preload:
                await painter.warm()
                return_free_memory()
            lost = asyncio.create_task(painter.lost.wait())
            lost.add_done_callback(lambda _: os._exit(1))
            _send(writer, Frame(kind=FrameKind.READY))
            await serve_requests(reader, writer, painter, first)
            # Without closing the painter: a thread inside a hung device call would keep the interpreter from ending.
            os._exit(0)
    except EaselError as error:
        _send(writer, frame_from_error("", error))
        await writer.drain()
    os._exit(0)


def return_free_memory() -> None:
    """Give what loading has freed back to the system, where the C library can: glibc keeps it otherwise.

    Measured: 2026-11-28, the starter: 10 MB with its limits kept from an earlier start, 31 MB with them measured anew.
    """
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _end_without_supervisor(first: asyncio.Task[Frame | None]) -> None:
    if not first.cancelled() and (first.exception() or first.result() is None):
        os._exit(0)


async def serve_requests(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, painter: Painter, first: Awaitable[Frame | None]
) -> None:
    """Paint requests until the supervisor is gone.

    first: the first frame from the reader.

    Guarantees: a request that is not cancelled ends with its result or an error, whatever the painter raises.
    """
    tasks: dict[str, asyncio.Task[None]] = {}
    frame = await first
    while frame is not None:
        if frame.kind is FrameKind.PAINT:
            tasks = {call_id: task for call_id, task in tasks.items() if not task.done()}
            tasks[frame.call_id] = task = asyncio.create_task(_paint(frame, writer, painter))
            task.add_done_callback(partial(_send_failure, writer, frame.call_id))
        elif frame.kind is FrameKind.CANCEL and frame.call_id in tasks:
            tasks[frame.call_id].cancel()
        frame = await read_frame(reader)


async def _paint(frame: Frame, writer: asyncio.StreamWriter, painter: Painter) -> None:
    async with aclosing(painter.paint(request_from_frame(frame))) as events:
        async for event in events:
            _send(writer, frame_from_event(frame.call_id, event))


def _send_failure(writer: asyncio.StreamWriter, call_id: str, task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        _send(writer, frame_from_error(call_id, error))


def _heartbeat(writer: asyncio.StreamWriter) -> Heartbeat:
    """Return a function that reports that the loop's thread is alive: at every change of phase, and regularly."""
    loop = asyncio.get_running_loop()
    last = [(Phase.IDLE, 0.0)]

    def heartbeat(phase: Phase) -> None:
        now = time.monotonic()
        if phase != last[0][0] or now - last[0][1] > _HEARTBEAT_SECONDS:
            last[0] = (phase, now)
            loop.call_soon_threadsafe(_send, writer, Frame(kind=FrameKind.HEARTBEAT, facts={"phase": phase}))

    return heartbeat


def _send(writer: asyncio.StreamWriter, frame: Frame) -> None:
    writer.write(bytes_from_frame(frame))


if __name__ == "__main__":
    main()
