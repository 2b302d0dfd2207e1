"""What the public page of a guild shows: pictures of members who agree to publishing, from channels open to all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.finding.pages import Asker, find_best_page, find_page, is_found
from bot.store.finding.wanted import BestOf, Wanted
from bot.store.ranking.grids import Place
from engine.contract.jobs import Job, Picture
from engine.feedback.identifying import may_identify
from engine.feedback.names import may_name
from engine.store.jobs import read_jobs_with_pictures

PAGE_SIZE = 24

_NOBODY = UUID(int=0)


@dataclass(frozen=True, kw_only=True)
class PublicJob:
    """A job with its pictures by slot."""

    job: Job
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, kw_only=True)
class PublicPage:
    """Jobs, and where the page after them starts: before a job or, of the best ones, at a number; None at the end."""

    jobs: tuple[PublicJob, ...]
    next_start: UUID | None = None
    next_number: int | None = None


async def read_newest(connection: AsyncConnection, channel_ids: Sequence[int], before: UUID | None) -> PublicPage:
    """Return the newest jobs, or those before one; there may be none where more are looked through on the next page."""
    page = await find_page(connection, _wanted(None), _asker(channel_ids), before, size=PAGE_SIZE)
    return PublicPage(jobs=await _read(connection, page.job_ids), next_start=page.next_start)


async def read_best(connection: AsyncConnection, channel_ids: Sequence[int], best: BestOf, number: int) -> PublicPage:
    """Return a page, from 1, of the jobs that most members like."""
    ids, has_more = await find_best_page(connection, _wanted(best), _asker(channel_ids), number, size=PAGE_SIZE)
    return PublicPage(jobs=await _read(connection, ids), next_number=number + 1 if has_more else None)


async def read_public(connection: AsyncConnection, channel_ids: Sequence[int], job_id: UUID) -> PublicJob | None:
    """Return the job, if the page shows it."""
    if not await is_found(connection, _wanted(None), _asker(channel_ids), job_id):
        return None
    return next(iter(await _read(connection, [job_id])), None)


def _wanted(best: BestOf | None) -> Wanted:
    return Wanted(is_of_server=True, is_published=True, best=best)


def _asker(channel_ids: Sequence[int]) -> Asker:
    return Asker(member_id=_NOBODY, place=Place(channel_ids=tuple(channel_ids), is_nsfw=False))


async def _read(connection: AsyncConnection, job_ids: Sequence[UUID]) -> tuple[PublicJob, ...]:
    found = await read_jobs_with_pictures(connection, job_ids)
    jobs = [PublicJob(job=one[0], pictures=one[1]) for one in found if one and one[1]]
    return tuple(one for one in jobs if not (may_identify(one.job.spec.prompt) or may_name(one.job.spec.prompt)))
