"""Log lines of the painting process, sent to its supervisor, which knows how they look and which are wanted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import structlog
from structlog.typing import EventDict, WrappedLogger

from engine.painter.process.messages import Frame, frame_from_log

SendLine = Callable[[int, EventDict], None]

_log = structlog.get_logger(__name__)


def forward_logs(send: Callable[[Frame], None]) -> None:
    """Pass every log line of this process, from any thread, to `send`, called in the running event loop."""
    loop = asyncio.get_running_loop()

    def send_line(level: int, line: EventDict) -> None:
        loop.call_soon_threadsafe(send, frame_from_log(level, line))

    def forward(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        send_line(event.pop("level_number"), event)
        raise structlog.DropEvent

    structlog.configure(
        processors=[structlog.stdlib.add_log_level_number, structlog.processors.format_exc_info, forward]
    )
    logging.getLogger().handlers = [_ForwardingHandler(send_line)]


class _ForwardingHandler(logging.Handler):
    """Forwards the lines of libraries, which use the standard library's logging."""

    def __init__(self, send_line: SendLine) -> None:
        super().__init__()
        self._send_line = send_line

    def emit(self, record: logging.LogRecord) -> None:
        line: EventDict = {"event": record.getMessage(), "logger": record.name}
        if record.exc_info:
            line["exception"] = logging.Formatter().formatException(record.exc_info)
        # Libraries may have their own levels; structlog knows the standard five.
        self._send_line(min(record.levelno // 10 * 10, logging.CRITICAL), line)


def log_frame(frame: Frame, pid: int) -> None:
    """Log the line that the painting process with this id has forwarded."""
    _log.log(frame.facts["level"], **frame.facts["line"], pid=pid)
