"""Searches, kept so that their pages can be turned, and what is on a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.visibility import may_see
from bot.store.deliveries import Delivery, read_deliveries
from bot.store.finding.pages import Asker, FoundPage, find_best_page, find_page
from bot.store.finding.tables import searches
from bot.store.finding.wanted import Wanted, json_from_wanted, wanted_from_json
from bot.store.gallery.votes import NO_VOTES, read_votes
from bot.store.members import lock_members
from bot.store.ranking.grids import Place
from bot.store.tables import DeliveryKind, deliveries, members
from engine.contract.ids import new_id
from engine.contract.jobs import TEXT_OPERATIONS, Job, JobStatus, Operation, Picture
from engine.store.jobs import read_jobs_with_pictures
from engine.store.tables import jobs

MAX_PAGES = 99
NOWHERE = Place(channel_ids=(), is_nsfw=False)

_MAX_KEPT = 20
"""Searches of a member; the pages of older ones cannot be turned any more."""

_NUM_OFFERED = 200

_WITHOUT_PICTURES = sorted((*TEXT_OPERATIONS, Operation.TRAIN))

_MEMBER = sa.select(members.c.id).where(members.c.discord_id == sa.bindparam("discord_id", type_=sa.BigInteger))
_NEWEST = sa.select(jobs).where(jobs.c.member_id == _MEMBER.scalar_subquery()).order_by(jobs.c.id.desc())
_newest = _NEWEST.limit(_NUM_OFFERED).subquery("newest")
_NEWEST_PROMPTS = (
    sa.select(_newest.c.id, _newest.c.spec["prompt"].astext.label("prompt"))
    .where(_newest.c.status == JobStatus.FINISHED.value, _newest.c.operation.not_in(_WITHOUT_PICTURES))
    .order_by(_newest.c.id.desc())
)


@dataclass(frozen=True, kw_only=True)
class FoundJob:
    """A job that was found, with its pictures by slot and the delivery of its grid; None if it has none.

    votes: how many members like it, as of `/gallery`.
    """

    job: Job
    pictures: tuple[Picture, ...]
    delivery: Delivery | None
    votes: int = 0


async def find_shown(
    connection: AsyncConnection, discord_id: int, message_id: int, named: UUID | None
) -> FoundJob | None:
    """Return the job that the bot's message shows, with its delivery; None where the member may see none in it.

    named: the job that its buttons name; until a waiting job is painted, the message may be known to another bot alone.
    """
    of_message = sa.select(deliveries.c.id).where(deliveries.c.message_id == message_id)
    delivery = next(
        iter(await read_deliveries(connection, (await connection.execute(of_message)).scalars().all())), None
    )
    job_id = delivery.job_id if delivery else named
    (found,) = await read_jobs_with_pictures(connection, [job_id]) if job_id else (None,)
    if found is None:
        return None
    member_id = (await connection.execute(_MEMBER, {"discord_id": discord_id})).scalar_one_or_none()
    return FoundJob(job=found[0], pictures=found[1], delivery=delivery) if may_see(found[0], member_id) else None


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a page of a search shows.

    number: from 1. has_next: whether there may be more on the next one.
    """

    search_id: UUID
    wanted: Wanted
    number: int
    found: tuple[FoundJob, ...]
    has_next: bool


async def start_search(connection: AsyncConnection, discord_id: int, wanted: Wanted, place: Place) -> Page:
    """Keep the search, and return its first page."""
    (member,) = await lock_members(connection, [discord_id])
    member_id = member.id
    kept = sa.select(searches.c.id).where(searches.c.member_id == member_id).order_by(searches.c.id.desc())
    oldest = kept.offset(_MAX_KEPT - 1)
    await connection.execute(sa.delete(searches).where(searches.c.id.in_(oldest)))
    search_id = new_id()
    added = sa.insert(searches).values(id=search_id, member_id=member_id, wanted=json_from_wanted(wanted))
    await connection.execute(added)
    return await _page(connection, search_id, wanted, Asker(member_id=member_id, place=place), 1, ())


async def turn_page(
    connection: AsyncConnection, discord_id: int, search_id: UUID, number: int, place: Place
) -> Page | None:
    """Return a page of a search of the member's; None when it is not kept any more, or not theirs."""
    own = sa.and_(searches.c.id == search_id, members.c.discord_id == discord_id)
    query = sa.select(searches).join(members, members.c.id == searches.c.member_id).where(own)
    row = (await connection.execute(query.with_for_update(of=searches))).one_or_none()
    if row is None or number > len(row.starts) + 1:
        return None
    asker = Asker(member_id=row.member_id, place=place)
    return await _page(connection, search_id, wanted_from_json(row.wanted), asker, number, row.starts)


async def find_newest(connection: AsyncConnection, discord_id: int, words: str) -> UUID | None:
    """Return the id of the newest of the member's own jobs with the words; None if there is none. Nothing is kept."""
    member_id = (await connection.execute(_MEMBER, {"discord_id": discord_id})).scalar_one_or_none()
    if member_id is None:
        return None
    page = await find_page(connection, Wanted(words=words), Asker(member_id=member_id, place=NOWHERE), None)
    return next(iter(page.job_ids), None)


async def read_newest_prompts(connection: AsyncConnection, discord_id: int) -> list[tuple[UUID, str]]:
    """Return the ids and prompts of the newest jobs of the member's own that have pictures, newest first."""
    rows = await connection.execute(_NEWEST_PROMPTS, {"discord_id": discord_id})
    return [(row.id, row.prompt) for row in rows]


async def _page(
    connection: AsyncConnection, search_id: UUID, wanted: Wanted, asker: Asker, number: int, starts: Sequence[UUID]
) -> Page:
    """Return the page, having kept where the next one starts."""
    page = await _find(connection, wanted, asker, number, starts)
    if page.next_start:
        known = [*starts[: number - 1], page.next_start]
        await connection.execute(sa.update(searches).where(searches.c.id == search_id).values(starts=known))
    return Page(
        search_id=search_id,
        wanted=wanted,
        number=number,
        found=await read_found(connection, page.job_ids),
        has_next=page.next_start is not None and number < MAX_PAGES,
    )


async def _find(
    connection: AsyncConnection, wanted: Wanted, asker: Asker, number: int, starts: Sequence[UUID]
) -> FoundPage:
    if wanted.best is None:
        return await find_page(connection, wanted, asker, starts[number - 2] if number > 1 else None)
    job_ids, has_more = await find_best_page(connection, wanted, asker, number)
    # A list by votes goes on at a number, not behind a job.
    return FoundPage(job_ids=tuple(job_ids), next_start=job_ids[-1] if has_more else None)


async def read_found(connection: AsyncConnection, job_ids: Sequence[UUID]) -> tuple[FoundJob, ...]:
    """Return the jobs that exist, in this order, with what shows them."""
    found = await read_jobs_with_pictures(connection, job_ids)
    listed = sa.literal(list(job_ids), pg.ARRAY(pg.UUID))
    grids = sa.select(deliveries.c.id).where(
        deliveries.c.job_id == sa.any_(listed), deliveries.c.kind == DeliveryKind.GRID.value
    )
    ids = (await connection.execute(grids)).scalars().all()
    by_job = {one.job_id: one for one in await read_deliveries(connection, ids)}
    votes = await read_votes(connection, job_ids)
    return tuple(
        FoundJob(
            job=one[0],
            pictures=one[1],
            delivery=by_job.get(one[0].id),
            votes=votes.get(one[0].id, NO_VOTES).number,
        )
        for one in found
        if one
    )
