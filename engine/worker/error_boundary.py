"""The engine's outermost catch: one job or one chore that fails must not take the others with it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def result_of(work: Awaitable[T]) -> T | Exception:
    """Return what the work returns or raises; the caller logs what it did not expect."""
    try:
        return await work
    except Exception as error:  # noqa: BLE001  the one broad catch of the engine; whoever asks logs it
        return error
