"""The bot's outermost catch: one press or one message that fails must not take the others with it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

import structlog

from engine.contract.errors import EaselError

_log = structlog.get_logger()

T = TypeVar("T")


async def result_of(work: Awaitable[T], **about: object) -> T | Exception:
    """Return what the work returns or raises; what nobody expected is logged with its traceback.

    about: facts for the log, such as the job's id; never a token.
    """
    try:
        return await work
    except EaselError as error:
        _log.info("refused", error=type(error).__name__, **about)
        return error
    except Exception as error:  # noqa: BLE001  the one broad catch of the bot; it logs and answers
        _log.exception("unexpected error", **about)
        return error
