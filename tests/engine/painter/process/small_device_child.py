"""The painting process on a device too small for any model, with a library that logs a warning."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from engine.models.registry.registry import read_registry
from engine.painter.in_process import LocalPainter, create_painter
from engine.painter.phase import Phase
from engine.painter.process.child import serve


@asynccontextmanager
async def open_painter(registry: Path, heartbeat: Callable[[Phase], None]) -> AsyncIterator[LocalPainter]:
    logging.getLogger("some.library").warning("careful, %s", "please")
    async with create_painter(read_registry(registry), max_rows=4, budget_bytes=1, heartbeat=heartbeat) as painter:
        yield painter


if __name__ == "__main__":
    asyncio.run(serve(socket.socket(fileno=int(sys.argv[1])), partial(open_painter, Path(sys.argv[2]))))
