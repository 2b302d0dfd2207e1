"""What members read about a queue that does not go on: it is paused, or the picture storage cannot be used."""

from __future__ import annotations

from bot.replies import PICTURES_AWAY, STORAGE_FULL
from engine.contract.jobs import Job, JobStatus

PAUSED = "The queue is paused; it goes on when an administrator resumes it"


def blocked_series(is_full: bool) -> str:
    """Return why a series does not go on: the picture storage cannot be used."""
    return STORAGE_FULL if is_full else PICTURES_AWAY


def blocked(job: Job, is_full: bool) -> str:
    """Return the state of a job that waits for the picture storage: to start, or with its pictures painted."""
    storage = "storage is full" if is_full else "picture storage is not available"
    waits = "Painted, waiting to be stored" if job.status is JobStatus.RUNNING else "Waiting to start"
    return f"{waits}: the {storage}"
