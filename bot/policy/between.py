"""Which results a job of `--between` may lie between, and why it cannot."""

from __future__ import annotations

from uuid import UUID

from bot.policy.visibility import may_see
from engine.contract.errors import RequestError
from engine.contract.jobs import Job, JobSpec, JobStatus, Picture
from engine.contract.painting import NUM_PICTURES
from engine.prompt import Code, Sentence, sentence
from engine.prompt.checks.between import Result, between_spec


class EndsRefused(RequestError):
    """The two results that a prompt names cannot be the ends of a way; `told` says why, and what to do."""

    def __init__(self, told: Sentence) -> None:
        super().__init__(code=told.code.name)
        self.told = told


def unknown_result(name: str) -> EndsRefused:
    """Return the error for a result that there is not, or that the member may not see."""
    return EndsRefused(sentence(Code.RESULT_UNKNOWN, name=name))


def result_of(found: tuple[Job, tuple[Picture, ...]] | None, name: str, member_id: UUID) -> Result:
    """Return the finished grid that a member has named.

    Raises: EndsRefused, also for a private one of somebody else, as for one that there is not.
    """
    if found and may_see(found[0], member_id):
        job, pictures = found
        if job.status is JobStatus.FINISHED and len(pictures) == NUM_PICTURES:
            return Result(job=job, pictures=pictures)
    raise unknown_result(name)


def spec_between(spec: JobSpec, one: Result, other: Result) -> JobSpec:
    """Return the spec with the words, settings and seeds of the two results.

    Raises: EndsRefused.
    """
    told = between_spec(spec, one, other)
    if isinstance(told, Sentence):
        raise EndsRefused(told)
    return told
