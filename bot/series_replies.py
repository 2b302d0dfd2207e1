"""What members read about a series of grids: how far it is, what failed, and that it is cancelled."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.replies import duration


def series_state(num_grids: int, counts: Mapping[str, int | str], wait: timedelta | None) -> str:
    """Return how far a series of grids is: how many are in which state, and how long the rest takes."""
    listed = ", ".join(f"{count} {state}" for state, count in counts.items())
    return f"{num_grids} grids: {listed}" + (f", about {duration(wait)} left" if wait else "")


def series_failure(cause: str, num_failed: int, prompts: str | None) -> str:
    """Return why some grids of a series failed; `prompts` says which, if they differ."""
    which = f" ({prompts})" if prompts else ""
    return f"{num_failed} failed{which}: {cause}"


def and_more(count: int) -> str:
    """Return how many more there are than those listed; nothing if all are."""
    return f" and {count} more" if count > 0 else ""


def cancelled(num_jobs: int) -> str:
    """Return the confirmation that so many grids of a series are cancelled."""
    return "Cancelled 1 grid." if num_jobs == 1 else f"Cancelled {num_jobs} grids."
