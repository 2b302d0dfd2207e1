"""A painting process that takes requests as the real one does; its painter fails where a prompt says so."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncGenerator

from engine.contract.painting import PaintedPicture, PaintedPictures, PaintRequest, Progress
from engine.painter.process.child import serve_requests
from engine.painter.process.messages import Frame, FrameKind, bytes_from_frame, read_frame


class BreakingPainter:
    """Paints its process id; `break` divides by zero, and the recipe of `odd` cannot be sent."""

    async def paint(self, request: PaintRequest) -> AsyncGenerator[Progress | PaintedPictures, None]:
        recipe = {"made": object()} if request.spec.prompt == "odd" else {}
        yield Progress(done=1, total=1 // (request.spec.prompt != "break"))
        picture = PaintedPicture(png=b"", width=1, height=1, seed=0, recipe=recipe)
        yield PaintedPictures(pictures=(picture,), grid=str(os.getpid()).encode(), grid_type="image/webp")


async def serve(connection: socket.socket) -> None:
    reader, writer = await asyncio.open_connection(sock=connection)
    writer.write(bytes_from_frame(Frame(kind=FrameKind.READY)))
    await serve_requests(reader, writer, BreakingPainter(), read_frame(reader))


if __name__ == "__main__":
    asyncio.run(serve(socket.socket(fileno=int(sys.argv[1]))))
