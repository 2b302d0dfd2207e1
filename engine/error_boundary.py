"""The outermost catch of every loop: one job, chore, press or message that fails must not take the others with it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

import structlog

from engine.contract.errors import EaselError

_log = structlog.get_logger()

T = TypeVar("T")


async def result_of(work: Awaitable[T]) -> T | Exception:
    """Return what the work returns or raises; the caller logs what it did not expect."""
    try:
        return await work
    except Exception as error:  # noqa: BLE001  the one broad catch; the caller decides
        return error


async def logged_result_of(work: Awaitable[T]) -> T | Exception:
    """Return what the work returns or raises, once it is logged: an unexpected error with its traceback."""
    result = await result_of(work)
    match result:
        case EaselError():
            _log.info("request_refused", error=type(result).__name__)
        case Exception():
            _log.error("unexpected_error", exc_info=result)
    return result
