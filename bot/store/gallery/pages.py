"""What the public page of a guild shows: pictures of members who agree to publishing, from channels open to all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.finding.pages import Asker, find_best_page, find_page, is_found
from bot.store.finding.wanted import BestOf, Wanted
from bot.store.gallery.settings import find_page_guild
from bot.store.gallery.votes import NO_VOTES, Votes, read_votes
from bot.store.ranking.grids import Place
from engine.contract.jobs import Job, Picture
from engine.feedback.identifying import may_identify
from engine.feedback.names import may_name
from engine.store.jobs import read_jobs_with_pictures

PAGE_SIZE = 24

_NOBODY = UUID(int=0)


ChannelsOf = Callable[[int], Sequence[int] | None]
"""Tells which channels of a guild everybody sees there; None for a guild that the bot has left."""


@dataclass(frozen=True, kw_only=True)
class PublicGallery:
    """The gallery of a guild as strangers see it, which is what is in these channels."""

    connection: AsyncConnection
    channel_ids: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class PublicJob:
    """A job with its pictures by slot, and how many members like it."""

    job: Job
    pictures: tuple[Picture, ...]
    votes: Votes = NO_VOTES

    @property
    def first(self) -> Picture:
        """The picture that stands for all: the one that most members like, or else the first."""
        return next((picture for picture in self.pictures if picture.id == self.votes.best_id), self.pictures[0])


@dataclass(frozen=True, kw_only=True)
class PublicPage:
    """Jobs, and where the page after them starts: before a job or, of the best ones, at a number; None at the end."""

    jobs: tuple[PublicJob, ...]
    next_start: UUID | None = None
    next_number: int | None = None


async def open_public(connection: AsyncConnection, page_key: str, channels_of: ChannelsOf) -> PublicGallery | None:
    """Return the gallery that has the key, to be read as long as the connection is open; None if there is none."""
    guild_id = await find_page_guild(connection, page_key)
    channel_ids = None if guild_id is None else channels_of(guild_id)
    return None if channel_ids is None else PublicGallery(connection=connection, channel_ids=tuple(channel_ids))


async def read_newest(gallery: PublicGallery, before: UUID | None) -> PublicPage:
    """Return the newest jobs, or those before one; there may be none where more are looked through on the next page."""
    page = await find_page(gallery.connection, _wanted(None), _asker(gallery), before, size=PAGE_SIZE)
    return PublicPage(jobs=await _read(gallery.connection, page.job_ids), next_start=page.next_start)


async def read_best(gallery: PublicGallery, best: BestOf, number: int) -> PublicPage:
    """Return a page, from 1, of the jobs that most members like."""
    ids, has_more = await find_best_page(gallery.connection, _wanted(best), _asker(gallery), number, size=PAGE_SIZE)
    return PublicPage(jobs=await _read(gallery.connection, ids), next_number=number + 1 if has_more else None)


async def read_public(gallery: PublicGallery, job_id: UUID) -> PublicJob | None:
    """Return the job, if the page shows it."""
    if not await is_found(gallery.connection, _wanted(None), _asker(gallery), job_id):
        return None
    return next(iter(await _read(gallery.connection, [job_id])), None)


def _wanted(best: BestOf | None) -> Wanted:
    return Wanted(is_of_server=True, is_published=True, best=best)


def _asker(gallery: PublicGallery) -> Asker:
    return Asker(member_id=_NOBODY, place=Place(channel_ids=gallery.channel_ids, is_nsfw=False))


async def _read(connection: AsyncConnection, job_ids: Sequence[UUID]) -> tuple[PublicJob, ...]:
    found = await read_jobs_with_pictures(connection, job_ids)
    votes = await read_votes(connection, job_ids)
    jobs = [
        PublicJob(job=one[0], pictures=one[1], votes=votes.get(one[0].id, NO_VOTES)) for one in found if one and one[1]
    ]
    return tuple(one for one in jobs if not (may_identify(one.job.spec.prompt) or may_name(one.job.spec.prompt)))
