"""What the painting process logs: told to its supervisor, who knows how lines are to look and which are wanted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import structlog
from structlog.typing import EventDict, WrappedLogger

from engine.painter.process.messages import Frame, frame_from_line

Tell = Callable[[int, EventDict], None]

log = structlog.get_logger(__name__)


def tell_log(say: Callable[[Frame], None]) -> None:
    """Send every line of this process to `say`, in the running loop's thread, whichever thread logs it."""
    loop = asyncio.get_running_loop()

    def tell(level: int, line: EventDict) -> None:
        loop.call_soon_threadsafe(say, frame_from_line(level, line))

    def tell_only(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        tell(event.pop("level_number"), event)
        raise structlog.DropEvent

    structlog.configure(
        processors=[structlog.stdlib.add_log_level_number, structlog.processors.format_exc_info, tell_only]
    )
    logging.getLogger().handlers = [_Teller(tell)]


class _Teller(logging.Handler):
    """Tells the lines of libraries, which log in the standard library's way."""

    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        line: EventDict = {"event": record.getMessage(), "logger": record.name}
        if record.exc_info:
            line["exception"] = logging.Formatter().formatException(record.exc_info)
        # Libraries may have levels of their own; structlog knows the five.
        self._tell(min(record.levelno // 10 * 10, logging.CRITICAL), line)


def write_down(frame: Frame, pid: int) -> None:
    """Log the line that the painting process of this id has told."""
    log.log(frame.facts["level"], **frame.facts["line"], pid=pid)
