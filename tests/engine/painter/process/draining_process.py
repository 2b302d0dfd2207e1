"""A process that paints in a child and gets SIGINT and SIGTERM, with its whole group, in the middle of a request."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from engine.contract.painting import PaintedPictures, Progress
from engine.painter.process.launch import PainterOptions
from engine.painter.process.supervisor import supervise
from tests.engine.painter.requests import paint_request


async def main(registry: Path) -> None:
    """Print the number of pictures of the request, the signals received meanwhile, and this session's niceness."""
    heard: list[str] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, heard.append, number.name)
    async with supervise(PainterOptions(registry=registry, max_rows=64, threads=1)) as painter:
        async for event in painter.paint(paint_request(steps=60)):
            if isinstance(event, Progress) and event.done == 2:
                os.killpg(0, signal.SIGINT)
                os.killpg(0, signal.SIGTERM)
            if isinstance(event, PaintedPictures):
                print(len(event.pictures), *sorted(heard), niceness_of_session())


def niceness_of_session() -> int:
    """Return by how much Linux prefers other sessions to this one; 0 where it knows no such thing."""
    file = Path("/proc/self/autogroup")
    return int(file.read_text().split()[-1]) if file.exists() else 0


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
