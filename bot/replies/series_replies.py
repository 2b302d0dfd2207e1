"""What members read about a series of grids: how far it is, what failed, and that it is cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.language import _, plural
from bot.replies import duration


def series_state(num_grids: int, counts: Sequence[str], wait: timedelta | None) -> str:
    """Return how far a series of grids is: how many are in which state, and how long the rest takes."""
    said = plural(num_grids, "{n} grid: {counts}", "{n} grids: {counts}", counts=", ".join(counts))
    return _("{state}, about {duration} left", state=said, duration=duration(wait)) if wait else said


def grids_done(count: int) -> str:
    """Return how many grids are done."""
    return plural(count, "{n} done", "{n} done")


def grids_painting(count: int, percentages: str) -> str:
    """Return how many grids are painted, and how far each is."""
    return plural(count, "{n} painting ({percentages})", "{n} painting ({percentages})", percentages=percentages)


def grids_waiting(count: int) -> str:
    """Return how many grids wait."""
    return plural(count, "{n} waiting", "{n} waiting")


def grids_failed(count: int) -> str:
    """Return how many grids have failed."""
    return plural(count, "{n} failed", "{n} failed")


def grids_cancelled(count: int) -> str:
    """Return how many grids were cancelled."""
    return plural(count, "{n} cancelled", "{n} cancelled")


def percentages_between(least: str, most: str) -> str:
    """Return how far the least and the most of the grids that are painted are."""
    return _("{least} to {most}", least=least, most=most)


def series_failure(cause: str, num_failed: int, prompts: str | None) -> str:
    """Return why some grids of a series failed; `prompts` says which, if they differ."""
    if prompts:
        return plural(
            num_failed,
            "{n} failed ({prompts}): {cause}",
            "{n} failed ({prompts}): {cause}",
            prompts=prompts,
            cause=cause,
        )
    return plural(num_failed, "{n} failed: {cause}", "{n} failed: {cause}", cause=cause)


def and_more(listed: str, count: int) -> str:
    """Return what is listed, with how many more there are."""
    return _("{listed} and {number} more", listed=listed, number=count) if count > 0 else listed


def cancelled(num_jobs: int) -> str:
    """Return the confirmation that so many grids of a series are cancelled."""
    return plural(num_jobs, "Cancelled {n} grid.", "Cancelled {n} grids.")
