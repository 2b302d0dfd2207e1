"""The message of a series counts its grids by state, within Discord's limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.buttons import BUTTONS
from bot.cards import MAX_CONTENT, Card
from bot.series_card import series_card
from bot.store.series import Series
from engine.contract.jobs import Job, JobSpec, JobStatus, Part
from engine.prompt import Limits
from tests.bot.test_cards import job_of

WAITING, RUNNING, FINISHED = JobStatus.WAITING, JobStatus.RUNNING, JobStatus.FINISHED


def job(status: JobStatus, progress: float = 0.0, prompt: str = "a cat", error: str = "PainterLost") -> Job:
    """Return a job in that state."""
    made = job_of(status=status, progress=progress)
    cause = {"error": error} if status is JobStatus.FAILED else None
    return replace(made, spec=JobSpec(prompt=prompt, parts=(Part(text=prompt),)), cause=cause)


def card_of(*jobs: Job, wait: timedelta | None = None) -> Card:
    """Return the card of a series of these jobs."""
    waiting = frozenset(one.id for one in jobs if one.status is WAITING or (one.status is RUNNING and not one.progress))
    return series_card(Series(jobs=jobs, waiting=waiting, wait=wait), 7, BUTTONS, Limits())


def test_grids_are_counted_by_state() -> None:
    """A job that is taken but not painted waits; the wait is that of the last one."""
    jobs = [job(FINISHED)] * 3 + [job(RUNNING, 0.456), job(RUNNING)] + [job(WAITING) for _ in range(35)]
    card = card_of(*jobs, wait=timedelta(minutes=4))
    assert card.content == "**a cat** - <@7>\n40 grids: 3 done, 1 painting (45%), 36 waiting, about 4 min left"
    assert [[face.label for face in row] for row in card.rows] == [["Cancel"]]
    assert card.rows[0][0].custom_id == f"e1:cancelall:{jobs[-1].id}"


def test_many_that_are_painted_at_once_are_told_by_their_range() -> None:
    jobs = [job(RUNNING, share / 10) for share in range(1, 9)]
    assert "2 painting (10%, 20%)" in card_of(*jobs[:2]).content
    assert "8 painting (10% to 80%)" in card_of(*jobs).content


def test_causes_are_told_once_each_with_the_prompts_that_differ() -> None:
    failed = [job(JobStatus.FAILED, prompt=f"cat {number}") for number in range(5)]
    other = job(JobStatus.FAILED, prompt="a dog", error="StorageFull")
    _, counted, first, second = card_of(*failed, other).content.splitlines()
    assert counted == "6 grids: 6 failed"
    assert first.startswith("5 failed (**cat 0**, **cat 1**, **cat 2** and 2 more): the image engine stopped")
    assert second.startswith("1 failed (**a dog**): the picture storage is full")
    assert card_of(*failed, other).rows == ()


def test_the_longest_series_stays_within_the_limit() -> None:
    """However long and many the prompts and causes are."""
    errors = ("PainterLost", "StorageFull", "NoRoom", "PictureCorrupt", "SpeedUnsupported")
    jobs = [job(JobStatus.FAILED, prompt=f"{number} {'*' * 3000}", error=errors[number % 5]) for number in range(40)]
    assert len(card_of(*jobs).content.encode("utf-16-le")) // 2 <= MAX_CONTENT
    assert len(card_of(*[job(WAITING, prompt="*" * 5000)] * 40).content) <= MAX_CONTENT
