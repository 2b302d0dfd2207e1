"""What pictures show, for those who cannot see them."""

from __future__ import annotations

from bot.language import _
from engine.contract.jobs import Job, JobStatus, Operation, Picture

MAX_ALT_PROMPT = 400
"""Discord takes 1,024 UTF-16 units; screen readers read all of it."""


def alt_of(job: Job, picture: Picture | None) -> str:
    """Return what the picture shows, or without one the file of the job."""
    return _("{prompt}: {kind}", prompt=picture_subject(job.spec.prompt), kind=_kind(job, picture))


def picture_subject(prompt: str) -> str:
    """Return the prompt as one line, short enough for a description."""
    line = " ".join(prompt.split())
    return line if len(line) <= MAX_ALT_PROMPT else f"{line[:MAX_ALT_PROMPT].rstrip()}…"


def _kind(job: Job, picture: Picture | None) -> str:
    if picture is not None:
        if job.operation is Operation.UPSCALE:
            return _("upscaled picture")
        if job.operation is Operation.ANIMATE:
            return _("first frame of a film")
        return _("picture {number} of four", number=picture.slot + 1)
    if job.status is JobStatus.RUNNING:
        return _("preview")
    if job.operation is Operation.ANIMATE:
        return _("film")
    told = job.spec.parameters if job.edit is None else {}
    if told.get("interpolate") is True:
        return _("film of the pictures in between")
    return _("film of four pictures that emerge") if told.get("video") is True else _("grid of four pictures")
