"""A painting process without a model that does what a prompt says: `paint`, `die`, `exit` or `wait`.

`hang load`, `hang step` and `hang decode` stop it in that phase.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys

from engine.contract.painting import PaintedPictures, Progress
from engine.painter.phase import Phase
from engine.painter.process.messages import (
    Frame,
    FrameKind,
    bytes_from_frame,
    frame_from_event,
    read_frame,
    request_from_frame,
)


async def serve(connection: socket.socket) -> None:
    reader, writer = await asyncio.open_connection(sock=connection)

    def say(frame: Frame) -> None:
        writer.write(bytes_from_frame(frame))

    say(Frame(kind=FrameKind.READY))
    say(Frame(kind=FrameKind.HEARTBEAT, facts={"phase": Phase.IDLE}))
    while (frame := await read_frame(reader)) is not None:
        if frame.kind is FrameKind.CANCEL:
            os._exit(7)
        request = request_from_frame(frame)
        say(Frame(kind=FrameKind.HEARTBEAT, facts={"phase": Phase.STEP}))
        say(frame_from_event(frame.call_id, Progress(done=1, total=2, preview=b"small")))
        await writer.drain()
        if request.spec.prompt == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if request.spec.prompt == "exit":
            os._exit(1)
        if request.spec.prompt.startswith("hang"):
            say(Frame(kind=FrameKind.HEARTBEAT, facts={"phase": Phase(request.spec.prompt.split()[1])}))
            await writer.drain()
            os.kill(os.getpid(), signal.SIGSTOP)
        if request.spec.prompt == "paint":
            grid = str(os.getpid()).encode()
            say(frame_from_event(frame.call_id, PaintedPictures(pictures=(), grid=grid, grid_type="image/webp")))
            say(Frame(kind=FrameKind.HEARTBEAT, facts={"phase": Phase.IDLE}))


if __name__ == "__main__":
    asyncio.run(serve(socket.socket(fileno=int(sys.argv[1]))))
