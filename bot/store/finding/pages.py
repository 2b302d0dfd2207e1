"""Pages of found jobs, newest first, from statements of which each reads a bounded number of rows.

The newest jobs are looked through until a page is full: enough for words that many prompts have, and for no words. Rare
words, and ratings, are found by an index instead, among everything; words that are frequent, but not among the newest,
slice by slice. What none of these finds is on a later page.

Of the jobs of others, those are found that are public and were posted in a channel of the server which the member sees,
until somebody deletes or reports them, and again once moderators keep what was reported; what was posted where Discord
restricts a channel by age, in such channels alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.pictures import STRICT_MARGIN
from bot.policy.visibility import PAGES_SINCE_VERSION
from bot.store.finding.slices import find_in_slices, has_words
from bot.store.finding.wanted import Wanted
from bot.store.gallery.best import find_best
from bot.store.ranking.grids import Place

PAGE_SIZE = 5

_WALKED, _WALKED_FOR_WORDS = 1000, 300
"""Taking a prompt to words is what takes the time."""

_MIN_OF_CHANNEL = 5
_MAX_INDEXED = 5_000
"""As many hits as can be looked up; where Postgres expects more, slices of time are looked through."""

_TYPES: Mapping[str, Any] = {
    "job_id": pg.UUID,
    "member_id": pg.UUID,
    "first": pg.UUID,
    "before": pg.UUID,
    "channel_ids": pg.ARRAY(sa.BigInteger),
    "is_nsfw": sa.Boolean,
}
# With the values at hand, Postgres knows how rare a word is; and to read all prompts is never the shortest way.
_PLANNING = sa.text(
    "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_seqscan', 'off', true)"
)

_WITH_PICTURES = "jobs.status = 'finished' AND jobs.operation NOT IN ('describe', 'shorten')"
_HAS_WORDS = """
    to_tsvector('simple'::regconfig, jobs.spec ->> 'prompt') @@ websearch_to_tsquery('simple'::regconfig, :words)
"""
_QUERY = "websearch_to_tsquery('simple'::regconfig, :words)"
_OWN_QUERY = f"{_QUERY} && cast('''of ' || :member_id || '''' AS tsquery)"
# Words of nothing but signs are found nowhere.
_IS_QUERY = f"numnode({_QUERY}) > 0"
_BY_MODEL = "EXISTS (SELECT FROM pictures WHERE job_id = jobs.id AND slot = 0 AND recipe ->> 'model' = :model)"
_RATED = """
    jobs.id IN (
        SELECT job_id FROM (
            SELECT DISTINCT ON (job_id, picture_id) job_id, value FROM actions
            WHERE member_id = :member_id AND verb = 'rate' ORDER BY job_id, picture_id, press_id DESC
        ) AS last WHERE value = :rating
    )
"""
_SHARED = "kind = 'grid' AND state = 'delivered' AND surface = 'guild' AND moved_from IS NULL"
_IN_PLACE = "(:is_nsfw OR NOT coalesce(is_nsfw_channel, true))"

_OWN_NEWEST = """
    SELECT id AS job_id, 0 AS source, true AS is_in_place FROM jobs
    WHERE member_id = :member_id AND id >= :first AND id < :before ORDER BY id DESC LIMIT :most
"""
_SERVER_NEWEST = f"""
    SELECT newest.job_id, channel.id AS source, {_IN_PLACE} AS is_in_place
    FROM unnest(:channel_ids) AS channel (id) CROSS JOIN LATERAL (
        SELECT job_id, is_nsfw_channel FROM deliveries
        WHERE channel_id = channel.id AND {_SHARED} AND job_id >= :first AND job_id < :before
        ORDER BY job_id DESC LIMIT :most
    ) AS newest
"""  # noqa: S608  its parts are above
_IS_PUBLISHED = f"""
    EXISTS (SELECT FROM members
        WHERE members.id = jobs.member_id AND may_publish AND consent_version >= {PAGES_SINCE_VERSION})
"""
_IS_PUBLIC = "jobs.visibility = 'public'"
_OWN = "jobs.member_id = :member_id"
_VISIBLE = f"""
    EXISTS (SELECT FROM deliveries
        WHERE job_id = jobs.id AND channel_id = ANY (:channel_ids) AND {_SHARED} AND {_IN_PLACE})
"""
BLAMELESS = """
    NOT EXISTS (
        SELECT FROM actions AS blame WHERE blame.job_id = found.id AND (blame.verb = 'delete' OR blame.verb = 'report'
            AND NOT EXISTS (
                SELECT FROM moderation_cases AS kept
                WHERE kept.job_id = found.id AND kept.guild_id = blame.guild_id
                    AND kept.slot IS NOT DISTINCT FROM blame.slot AND kept.decided_at >= blame.at
                    AND NOT kept.is_removed
            ))
    )
"""
"""Of `found.id`: whether nobody has deleted it, and every report of it was decided without removing it."""

SAFE = f"NOT EXISTS (SELECT FROM pictures WHERE job_id = jobs.id AND unsafe_score > {-STRICT_MARGIN})"
"""Of `jobs.id`: whether no guild finds any of its pictures unsafe."""


@dataclass(frozen=True, kw_only=True)
class Asker:
    """Who looks for jobs: the member, and what of a server they see."""

    member_id: UUID
    place: Place


@dataclass(frozen=True, kw_only=True)
class FoundPage:
    """The ids of found jobs, newest first, and the one before which the next page begins; None on the last page."""

    job_ids: tuple[UUID, ...]
    next_start: UUID | None


async def find_page(
    connection: AsyncConnection, wanted: Wanted, asker: Asker, start: UUID | None, *, size: int = PAGE_SIZE
) -> FoundPage:
    """Return the page of jobs before `start`, or the first one.

    It has fewer than `size` jobs, or none, where nothing more was found among the newest ones that were looked at;
    the next page goes on behind those.
    """
    await connection.execute(_PLANNING)
    asked = _asked(wanted, asker, start, size)
    newest = await _walk(connection, wanted, asked, len(asker.place.channel_ids))
    if newest.next_start is None or len(newest.job_ids) == size or not (wanted.words or wanted.rating):
        return newest
    looked_up = await _look_up(connection, wanted, asked)
    if looked_up or not wanted.words:
        return looked_up or newest
    earlier = await _look_back(connection, wanted, asked)
    return newest if earlier.next_start and earlier.next_start >= newest.next_start else earlier


async def find_best_page(
    connection: AsyncConnection, wanted: Wanted, asker: Asker, number: int, *, size: int = PAGE_SIZE
) -> tuple[list[UUID], bool]:
    """Return the ids of that page, from 1, of what most members of the server like, and whether there are more."""
    await connection.execute(_PLANNING)
    fits = " AND ".join((_conditions(wanted), BLAMELESS.replace("found.id", "jobs.id")))
    return await find_best(connection, wanted, _asked(wanted, asker, None, size), fits, size=size, number=number)


async def is_found(connection: AsyncConnection, wanted: Wanted, asker: Asker, job_id: UUID) -> bool:
    """Return whether the job is among what is wanted of the server."""
    fits = " AND ".join((_conditions(wanted), _VISIBLE, BLAMELESS.replace("found.id", "jobs.id")))
    given = {**_asked(wanted, asker, None, 1), "job_id": job_id}
    statement = _statement(f"SELECT jobs.id FROM jobs WHERE jobs.id = :job_id AND {fits}")  # noqa: S608
    return (await connection.execute(statement, given)).first() is not None


async def _walk(connection: AsyncConnection, wanted: Wanted, asked: Mapping[str, Any], num_channels: int) -> FoundPage:
    walked = _WALKED_FOR_WORDS if wanted.words else _WALKED
    most = max(_MIN_OF_CHANNEL, walked // max(1, num_channels)) if wanted.is_of_server else walked
    rows = await connection.execute(_walk_through(_conditions(wanted), wanted.is_of_server), {**asked, "most": most})
    listed = rows.all()
    return _page([row.id for row in listed if row.id], listed[0].horizon, asked)


async def _look_up(connection: AsyncConnection, wanted: Wanted, asked: Mapping[str, Any]) -> FoundPage | None:
    """Return the page from the index; None where there are so many hits that the newest of them are not known."""
    if wanted.words and not wanted.rating and await _expect(connection, wanted, asked) > _MAX_INDEXED:
        return None
    indexed = (has_words(_query(wanted)),) if wanted.words else ()
    looked_up = _from_index(" AND ".join((*indexed, _conditions(wanted, with_words=False))), wanted.is_of_server)
    rows = (await connection.execute(looked_up, {**asked, "most": _MAX_INDEXED})).all()
    return None if rows[0].is_cut else _page([row.id for row in rows if row.id], None, asked)


async def _expect(connection: AsyncConnection, wanted: Wanted, asked: Mapping[str, Any]) -> int:
    """Return how many jobs Postgres expects to have the words."""
    plan = (await connection.execute(_explain(_query(wanted)), asked)).scalar_one()
    return int(plan[0]["Plan"]["Plan Rows"])


async def _look_back(connection: AsyncConnection, wanted: Wanted, asked: Mapping[str, Any]) -> FoundPage:
    """Return the page from slices of time."""
    of_server = (_VISIBLE, BLAMELESS.replace("found.id", "jobs.id")) if wanted.is_of_server else ()
    fits = " AND ".join((_conditions(wanted, with_words=False), *of_server))
    job_ids, horizon = await find_in_slices(connection, asked, _query(wanted), fits)
    return _page(job_ids, horizon, asked)


def _query(wanted: Wanted) -> str:
    return _QUERY if wanted.is_of_server else _OWN_QUERY


def _page(job_ids: list[UUID], horizon: UUID | None, asked: Mapping[str, Any]) -> FoundPage:
    """Return the page of what was found, one more than it has if there is a next one."""
    size = asked["size"] - 1
    shown = tuple(job_ids[:size])
    return FoundPage(job_ids=shown, next_start=shown[-1] if len(job_ids) > size else horizon)


def _asked(wanted: Wanted, asker: Asker, start: UUID | None, size: int) -> dict[str, Any]:
    asked: dict[str, Any] = {"member_id": asker.member_id, "first": wanted.first, "size": size + 1}
    asked["before"] = wanted.end if start is None else min(start, wanted.end)
    asked |= {"words": wanted.words, "model": wanted.model, "rating": wanted.rating}
    if wanted.is_of_server:
        asked |= {"channel_ids": list(asker.place.channel_ids), "is_nsfw": asker.place.is_nsfw}
    return {name: value for name, value in asked.items() if value is not None}


def _conditions(wanted: Wanted, *, with_words: bool = True) -> str:
    given = (
        (wanted.words, _HAS_WORDS if with_words else _IS_QUERY),
        (wanted.model, _BY_MODEL),
        (wanted.rating, _RATED),
    )
    public: tuple[str, ...] = (_IS_PUBLIC,) if wanted.is_of_server else ()
    public += (_IS_PUBLISHED, SAFE) if wanted.is_published else ()
    return " AND ".join((_WITH_PICTURES, *public, *(condition for value, condition in given if value is not None)))


@cache
def _explain(query: str) -> sa.TextClause:
    return _statement(f"EXPLAIN (FORMAT JSON) SELECT FROM jobs WHERE {has_words(query)}")


@cache
def _walk_through(fits: str, is_of_server: bool) -> sa.TextClause:
    """Return the look through the newest, and in each row where it ends: null at the last job that there is.

    Where the newest of several channels are looked through, it ends where the first of those does.
    """
    return _statement(f"""
        WITH walked AS MATERIALIZED ({_SERVER_NEWEST if is_of_server else _OWN_NEWEST}),
        horizon AS (
            SELECT max(oldest::text)::uuid AS job_id FROM (
                SELECT (array_agg(job_id ORDER BY job_id))[1] AS oldest FROM walked
                GROUP BY source HAVING count(*) = :most
            ) AS cut
        )
        SELECT shown.id, horizon.job_id AS horizon FROM horizon LEFT JOIN LATERAL (
            SELECT found.id FROM (
                SELECT newest.id FROM (
                    SELECT job_id AS id FROM walked
                    WHERE job_id >= coalesce(horizon.job_id, :first) AND is_in_place ORDER BY job_id DESC OFFSET 0
                ) AS newest CROSS JOIN LATERAL (SELECT FROM jobs WHERE id = newest.id AND {fits} OFFSET 0) AS fitting
                ORDER BY newest.id DESC OFFSET 0
            ) AS found WHERE {BLAMELESS if is_of_server else "true"} ORDER BY found.id DESC LIMIT :size
        ) AS shown ON true ORDER BY shown.id DESC
    """)  # noqa: S608  its parts are above


@cache
def _from_index(fits: str, is_of_server: bool) -> sa.TextClause:
    """Return what the indexes of words and ratings find, and in each row whether there was more of it."""
    return _statement(f"""
        WITH hits AS MATERIALIZED (
            SELECT jobs.id FROM jobs
            WHERE {fits} AND {"true" if is_of_server else _OWN} AND jobs.id >= :first AND jobs.id < :before LIMIT :most
        ),
        cut AS (SELECT count(*) = :most AS is_cut FROM hits)
        SELECT shown.id, cut.is_cut FROM cut LEFT JOIN LATERAL (
            SELECT found.id FROM (
                SELECT jobs.id FROM hits AS jobs
                WHERE NOT cut.is_cut AND {_VISIBLE if is_of_server else "true"} ORDER BY jobs.id DESC OFFSET 0
            ) AS found WHERE {BLAMELESS if is_of_server else "true"} ORDER BY found.id DESC LIMIT :size
        ) AS shown ON true ORDER BY shown.id DESC
    """)  # noqa: S608  its parts are above


def _statement(sql: str) -> sa.TextClause:
    return sa.text(sql).bindparams(
        *(sa.bindparam(name, type_=kind) for name, kind in _TYPES.items() if f":{name}" in sql)
    )
