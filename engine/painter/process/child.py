"""The painting process: a local painter behind a socket; it ends when its supervisor does.

Started by `engine.painter.process.supervisor` and by nobody else.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.contract.errors import EaselError
from engine.contract.painting import Painter
from engine.models.registry.registry import read_registry
from engine.models.registry.speed import Compilation
from engine.painter.process.libraries import import_libraries
from engine.painter.process.logs import tell_log
from engine.painter.process.messages import (
    Frame,
    Kind,
    Phase,
    bytes_from_frame,
    frame_from_error,
    frame_from_event,
    read_frame,
    request_from_frame,
)

if TYPE_CHECKING:
    from engine.painter.in_process import LocalPainter

Beat = Callable[[Phase], None]
OpenPainter = Callable[[Beat], "AbstractAsyncContextManager[LocalPainter]"]

_BEAT_EVERY_SECONDS = 0.2


def main() -> None:
    """Serve the socket whose descriptor is the first argument; the rest are those of `_open`."""
    ignore_signals()
    descriptor, registry, model, max_rows, threads, budget = sys.argv[1:]
    # Before the event loop and its threads: it takes seconds.
    import_libraries(compiles=may_compile(Path(registry)))
    connection = socket.socket(fileno=int(descriptor))
    open_painter = partial(_open, Path(registry), model or None, _number(max_rows), _number(threads), _number(budget))
    asyncio.run(serve(connection, open_painter))


def ignore_signals() -> None:
    """Leave it to the supervisor to end this process: a signal to the whole group would cost the pictures in hand."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def may_compile(registry: Path) -> bool:
    """Return whether any model of the file is to be compiled; of a file that cannot be read everything is possible."""
    try:
        models = read_registry(registry).models.values()
    except EaselError:
        return True
    return any(model.speed.compile is not Compilation.NONE for model in models)


def _number(text: str) -> int | None:
    return int(text) if text else None


def _open(
    path: Path, model: str | None, max_rows: int | None, threads: int | None, budget_bytes: int | None, beat: Beat
) -> AbstractAsyncContextManager[LocalPainter]:
    from engine.painter.in_process import create_painter

    registry = read_registry(path)
    if model is not None:
        registry = replace(registry, default=registry.model(model).name)
    return create_painter(registry, max_rows=max_rows, threads=threads, budget_bytes=budget_bytes, beat=beat)


async def serve(connection: socket.socket, open_painter: OpenPainter) -> None:
    """Paint what the other side of the socket requests, until it is gone; then end the process.

    open_painter: handed what is called at every phase of the painter's work.
    """
    reader, writer = await asyncio.open_connection(sock=connection)
    tell_log(partial(_say, writer))
    try:
        async with open_painter(_pulse(writer)) as painter:
            await painter.warm()
            lost = asyncio.create_task(painter.lost.wait())
            lost.add_done_callback(lambda _: os._exit(1))
            _say(writer, Frame(kind=Kind.READY))
            await serve_requests(reader, writer, painter)
            # Without closing the painter: a thread inside a hung device call would keep the interpreter from ending.
            os._exit(0)
    except EaselError as error:
        _say(writer, frame_from_error("", error))
        await writer.drain()
    os._exit(0)


async def serve_requests(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, painter: Painter) -> None:
    """Paint what arrives until the supervisor is gone.

    Guarantees: a request that was not taken out ends with its pictures or with why not, whatever the painter raises.
    """
    tickets: dict[str, asyncio.Task[None]] = {}
    while (frame := await read_frame(reader)) is not None:
        if frame.kind is Kind.PAINT:
            tickets = {ticket: task for ticket, task in tickets.items() if not task.done()}
            tickets[frame.ticket] = task = asyncio.create_task(_paint(frame, writer, painter))
            task.add_done_callback(partial(_tell_failure, writer, frame.ticket))
        elif frame.kind is Kind.DROP and frame.ticket in tickets:
            tickets[frame.ticket].cancel()


async def _paint(frame: Frame, writer: asyncio.StreamWriter, painter: Painter) -> None:
    async with aclosing(painter.paint(request_from_frame(frame))) as events:
        async for event in events:
            _say(writer, frame_from_event(frame.ticket, event))


def _tell_failure(writer: asyncio.StreamWriter, ticket: str, painting: asyncio.Task[None]) -> None:
    error = None if painting.cancelled() else painting.exception()
    if error is not None:
        _say(writer, frame_from_error(ticket, error))


def _pulse(writer: asyncio.StreamWriter) -> Beat:
    """Return what tells the supervisor that the loop's thread is alive: every change of phase, and now and then."""
    loop = asyncio.get_running_loop()
    last = [(Phase.IDLE, 0.0)]

    def beat(phase: Phase) -> None:
        now = time.monotonic()
        if phase != last[0][0] or now - last[0][1] > _BEAT_EVERY_SECONDS:
            last[0] = (phase, now)
            loop.call_soon_threadsafe(_say, writer, Frame(kind=Kind.BEAT, facts={"phase": phase}))

    return beat


def _say(writer: asyncio.StreamWriter, frame: Frame) -> None:
    writer.write(bytes_from_frame(frame))


if __name__ == "__main__":
    main()
