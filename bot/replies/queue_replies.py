"""What members read about a queue that does not go on: it is paused, or the picture storage cannot be used."""

from __future__ import annotations

from bot.language import Phrase, _
from bot.replies import PICTURES_AWAY, STORAGE_FULL
from engine.contract.jobs import Job, JobStatus

PAUSED = Phrase("The queue is paused; it goes on when an administrator resumes it")


def blocked_series(is_full: bool) -> str:
    """Return why a series does not go on: the picture storage cannot be used."""
    return str(STORAGE_FULL if is_full else PICTURES_AWAY)


def blocked(job: Job, is_full: bool) -> str:
    """Return the state of a job that waits for the picture storage: to start, or with its pictures painted."""
    if job.status is JobStatus.RUNNING:
        if is_full:
            return _("Painted, waiting to be stored: the storage is full")
        return _("Painted, waiting to be stored: the picture storage is not available")
    if is_full:
        return _("Waiting to start: the storage is full")
    return _("Waiting to start: the picture storage is not available")
