"""What an export may publish of pictures: the pictures, their prompts, and whose consent each needs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.jobs import JobSpec, Picture, spec_from_json
from engine.contract.references import PARAMETER_OF
from engine.feedback.records import PromptOrigin
from engine.feedback.store.guilds import closed_guilds
from engine.feedback.store.tables import impressions
from engine.store.jobs import PUBLIC, picture_from_row
from engine.store.tables import jobs, pictures

_FETCH_SIZE = 500

_IDS: sa.BindParameter[Any] = sa.bindparam("ids", type_=pg.ARRAY(pg.UUID))
_BATCH = (
    sa.select(pictures.c.id).where(pictures.c.id > sa.bindparam("after")).order_by(pictures.c.id).limit(_FETCH_SIZE)
)
_FIRST = UUID(int=0)
_of_pictures = sa.select(pictures).where(pictures.c.id == sa.any_(_IDS)).subquery("of_pictures")
# UNION, which ends at what it has seen.
_line = (
    sa.select(jobs.c.id.label("job_id"), jobs.c.id.label("ancestor_id"))
    .where(jobs.c.id.in_(sa.select(_of_pictures.c.job_id)))
    .cte("line", recursive=True)
)
_line = _line.union(
    sa.select(_line.c.job_id, jobs.c.parent_job_id)
    .join_from(_line, jobs, jobs.c.id == _line.c.ancestor_id)
    .where(jobs.c.parent_job_id.is_not(None))
)
# The authors of the results of `--between` are not asked, so that they count as pictures of others.
_HAS_REFERENCES = jobs.c.spec["parameters"].has_any(sa.literal([*PARAMETER_OF.values(), "between"], pg.ARRAY(sa.Text)))
_lineage = (
    sa.select(
        _line.c.job_id.label("of_job"),
        sa.func.array_agg(jobs.c.member_id.distinct()).label("authors"),
        sa.func.bool_or(sa.or_(jobs.c.spec["images"] != sa.literal([], pg.JSONB), _HAS_REFERENCES)).label("has_links"),
        sa.func.bool_or(~PUBLIC).label("is_private"),
    )
    .join_from(_line, jobs, jobs.c.id == _line.c.ancestor_id)
    .group_by(_line.c.job_id)
    .subquery("lineage")
)
_seen = (
    sa.select(
        _line.c.job_id,
        sa.func.bool_or(impressions.c.prompt_source == PromptOrigin.MESSAGE.value).label("is_of_message"),
        sa.func.bool_or(impressions.c.is_nsfw_channel).label("is_nsfw"),
        sa.func.bool_or(closed_guilds.c.guild_id.is_not(None)).label("is_of_closed_guild"),
        sa.func.array_agg(impressions.c.guild_id.distinct()).label("guilds"),
    )
    .join_from(_line, impressions, impressions.c.job_id == _line.c.ancestor_id)
    .outerjoin(
        closed_guilds,
        sa.and_(
            closed_guilds.c.guild_id == impressions.c.guild_id,
            impressions.c.shown_at >= closed_guilds.c.since,
            impressions.c.shown_at < closed_guilds.c.until,
        ),
    )
    .group_by(_line.c.job_id)
    .subquery("seen")
)
_SOURCES: sa.Select[Any] = (
    sa.select(
        _of_pictures,
        jobs.c.spec,
        jobs.c.member_id,
        jobs.c.ended_at,
        jobs.c.created_at,
        _lineage,
        _seen.c.is_of_message,
        _seen.c.is_nsfw,
        _seen.c.is_of_closed_guild,
        _seen.c.guilds,
    )
    .join_from(_of_pictures, jobs, jobs.c.id == _of_pictures.c.job_id)
    .join(_lineage, _lineage.c.of_job == jobs.c.id)
    .outerjoin(_seen, _seen.c.job_id == jobs.c.id)
)

_parents = jobs.alias("parents")
_EDITED: sa.Select[Any] = (
    sa.select(jobs.c.spec, _parents.c.spec.label("parent_spec"))
    .join_from(jobs, _parents, _parents.c.id == jobs.c.parent_job_id)
    .where(jobs.c.spec["parts"] != _parents.c.spec["parts"])
)

_PROMPTS: sa.Select[Any] = sa.select(jobs.c.spec).where(jobs.c.id.in_(sa.select(pictures.c.job_id)))


@dataclass(frozen=True, kw_only=True)
class PictureSource:
    """A picture, what it was painted from, and what decides whether it may be published.

    owner: the member whose job it is of. painted_at: when the job ended.
    authors: the members of its job and of those that the job goes back to; all of them have to agree.
    has_links: whether one of these jobs used a picture of somebody else.
    is_private: whether one of these jobs is private.
    is_of_message: whether a prompt of theirs came from the content of a message, which must not be used for training.
    is_nsfw: whether one of them was shown in a channel that Discord restricts by age.
    is_of_closed_guild: whether one of them was shown in a guild that is closed, or was at that time.
    guilds: where they were shown, by Discord's ids; None among them is elsewhere, or was not recorded.
    """

    picture: Picture
    spec: JobSpec
    owner: UUID
    painted_at: datetime
    authors: frozenset[UUID]
    has_links: bool
    is_of_message: bool
    is_nsfw: bool
    is_of_closed_guild: bool = False
    guilds: frozenset[int | None] = frozenset()
    is_private: bool = False


async def read_sources(connection: AsyncConnection, picture_ids: Collection[UUID]) -> Mapping[UUID, PictureSource]:
    """Return the pictures that are still there, by id."""
    rows = await connection.execute(_SOURCES, {"ids": list(picture_ids)})
    return {
        row.id: PictureSource(
            picture=picture_from_row(row),
            spec=spec_from_json(row.spec),
            owner=row.member_id,
            painted_at=row.ended_at or row.created_at,
            authors=frozenset(row.authors),
            has_links=bool(row.has_links),
            is_of_message=bool(row.is_of_message),
            is_nsfw=bool(row.is_nsfw),
            is_of_closed_guild=bool(row.is_of_closed_guild),
            guilds=frozenset(row.guilds or ()),
            is_private=row.is_private,
        )
        for row in rows
    }


async def stream_edited_prompts(connection: AsyncConnection) -> AsyncIterator[tuple[JobSpec, JobSpec]]:
    """Yield the specs of each job and of its parent whose prompts differ."""
    async for row in await connection.stream(_EDITED, execution_options={"yield_per": _FETCH_SIZE}):
        yield spec_from_json(row.spec), spec_from_json(row.parent_spec)


async def stream_sources(connection: AsyncConnection) -> AsyncIterator[PictureSource]:
    """Yield every picture by id; few are in memory at a time."""
    after = _FIRST
    while ids := list((await connection.execute(_BATCH, {"after": after})).scalars()):
        sources = await read_sources(connection, ids)
        for picture_id in ids:
            yield sources[picture_id]
        after = ids[-1]


async def stream_prompts(connection: AsyncConnection) -> AsyncIterator[JobSpec]:
    """Yield the spec of each job that has pictures."""
    async for row in await connection.stream(_PROMPTS, execution_options={"yield_per": _FETCH_SIZE}):
        yield spec_from_json(row.spec)
