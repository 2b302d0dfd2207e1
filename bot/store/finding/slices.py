"""Looking back slice by slice, for words that are too frequent to be looked up and yet in none of the newest prompts.

The index of words knows of each job in which spans of time it was asked for, so that those of a slice that have the
words are found without looking at any other. However a word is spread, the time that this takes has a limit; what lies
behind the last slice is on a later page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.store.tables import DOCUMENT, SLICE_DIGITS

PATIENCE = timedelta(milliseconds=15)
"""How long to go on; the slice in hand is finished."""

_MAX_IN_SLICE = 10_000
"""Jobs, as far as they come evenly."""

_DIGITS = 32
_STRETCH = sa.text("""
    SELECT greatest(reltuples, 1)::float AS num_jobs, (SELECT id FROM jobs ORDER BY id LIMIT 1) AS oldest,
        (SELECT id FROM jobs ORDER BY id DESC LIMIT 1) AS newest
    FROM pg_class WHERE oid = 'jobs'::regclass
""")


@dataclass(frozen=True, kw_only=True)
class Slices:
    """Spans of time, the newest first: those of all ids whose first so many hexadecimal digits are the same number."""

    digits: int
    newest: int
    count: int

    def start(self, number: int) -> UUID:
        """Return the least id of a slice, counted from 0."""
        return UUID(int=(self.newest - number) << 4 * (_DIGITS - self.digits))


def has_words(query: str) -> str:
    """Return the condition that `jobs` has pictures and its document what the query asks for, as the index knows."""
    return f"jobs.status = 'finished' AND {DOCUMENT} @@ ({query})"


async def find_in_slices(
    connection: AsyncConnection, asked: Mapping[str, Any], query: str, fits: str
) -> tuple[list[UUID], UUID | None]:
    """Return the ids of the newest jobs that fit, and the one before which to go on; None if that is all there is.

    query: as `has_words` takes it. fits: further conditions, of `jobs`.
    """
    slices = await _slices(connection, asked["first"], asked["before"])
    if slices is None:
        return [], None
    given = {"digits": slices.digits, "newest": slices.newest, "num_slices": slices.count, "patience": PATIENCE}
    row = (await connection.execute(_statement(query, fits), {**asked, **given})).one()
    is_all = row.number + 1 >= slices.count
    return list(row.ids), None if is_all else slices.start(row.number)


async def _slices(connection: AsyncConnection, first: UUID, before: UUID) -> Slices | None:
    """Return slices of what is asked for; None if there is nothing."""
    stretch = (await connection.execute(_STRETCH)).one()
    if stretch.oldest is None:
        return None
    oldest, newest = max(first, stretch.oldest).int, min(before, stretch.newest).int
    if newest < oldest:
        return None
    per_id = stretch.num_jobs / max(1, stretch.newest.int - stretch.oldest.int)
    fitting = (one for one in SLICE_DIGITS if per_id * 16.0 ** (_DIGITS - one) <= _MAX_IN_SLICE)
    digits = next(fitting, SLICE_DIGITS[-1])
    shift = 4 * (_DIGITS - digits)
    return Slices(digits=digits, newest=newest >> shift, count=(newest >> shift) - (oldest >> shift) + 1)


@cache
def _statement(query: str, fits: str) -> sa.TextClause:
    """Return the statement that looks at one slice after the other until there are enough jobs or the time is over."""
    slice_of = "cast('''at ' || lpad(to_hex(:newest - number - 1), :digits, '0') || '''' AS tsquery)"
    # OFFSET 0 keeps Postgres from walking through jobs by their ids instead.
    return sa.text(f"""
        WITH RECURSIVE looked (number, ids) AS (
            SELECT -1, ARRAY[]::uuid[]
            UNION ALL
            SELECT number + 1, ids || ARRAY(
                SELECT jobs.id FROM (
                    SELECT * FROM (SELECT * FROM jobs WHERE {has_words(f"{query} && {slice_of}")} OFFSET 0) AS jobs
                    WHERE jobs.id >= :first AND jobs.id < :before ORDER BY jobs.id DESC OFFSET 0
                ) AS jobs WHERE {fits} ORDER BY jobs.id DESC LIMIT :size - cardinality(looked.ids)
            )
            FROM looked
            WHERE number + 1 < :num_slices AND cardinality(ids) < :size
                AND clock_timestamp() < statement_timestamp() + :patience
        )
        SELECT number, ids FROM looked ORDER BY number DESC LIMIT 1
    """).bindparams(  # noqa: S608  its parts are in `pages`
        sa.bindparam("first", type_=pg.UUID),
        sa.bindparam("before", type_=pg.UUID),
        sa.bindparam("newest", type_=sa.BigInteger),
        sa.bindparam("digits", type_=sa.Integer),
        sa.bindparam("num_slices", type_=sa.Integer),
        sa.bindparam("size", type_=sa.Integer),
        sa.bindparam("patience", type_=sa.Interval),
        *((sa.bindparam("member_id", type_=pg.UUID),) if ":member_id" in query + fits else ()),
        *((sa.bindparam("channel_ids", type_=pg.ARRAY(sa.BigInteger)),) if ":channel_ids" in fits else ()),
        *((sa.bindparam("is_nsfw", type_=sa.Boolean),) if ":is_nsfw" in fits else ()),
    )
