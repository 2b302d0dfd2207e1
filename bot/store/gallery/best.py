"""The jobs that most members like, of those that a member sees in the channels of a server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.finding.wanted import BestOf, Wanted

_LASTS: Mapping[BestOf, timedelta] = {
    BestOf.DAY: timedelta(days=1),
    BestOf.WEEK: timedelta(days=7),
    BestOf.MONTH: timedelta(days=30),
}
_LIKED = "votes > 0 AND channel_id IS NOT NULL AND (:is_nsfw OR NOT is_nsfw)"
# Of all times, an index has those of each channel by their votes; of less, it has those of the time.
_OF_ALL = f"""
    SELECT best.job_id, best.votes
    FROM unnest(:channel_ids) AS channel (id) CROSS JOIN LATERAL (
        SELECT job_id, votes FROM gallery_votes WHERE channel_id = channel.id AND {_LIKED}
        ORDER BY votes DESC, job_id DESC LIMIT :looked
    ) AS best
"""  # noqa: S608  its part is above
_OF_PERIOD = f"""
    SELECT job_id, votes FROM gallery_votes WHERE channel_id = ANY (:channel_ids) AND {_LIKED} AND job_id >= :first
"""  # noqa: S608  its part is above

MAX_LOOKED = 1000
"""Of those with most votes, so that a page takes a moment at most, however few of them fit."""


async def find_best(
    connection: AsyncConnection, wanted: Wanted, asked: Mapping[str, Any], fits: str, *, size: int, number: int
) -> tuple[list[UUID], bool]:
    """Return the ids of a page of the jobs with most votes, of equals the newest first, and whether there are more.

    fits: conditions of `jobs`, which take the parameters in `asked`. number: of the page, from 1.
    """
    skipped = (number - 1) * size
    lasts = _LASTS.get(wanted.best or BestOf.ALL)
    is_narrow = wanted.model is not None or wanted.is_published
    bounds: dict[str, Any] = {"looked": MAX_LOOKED if is_narrow else min(MAX_LOOKED, 2 * (skipped + size) + 20)}
    if lasts is not None:
        bounds = {"first": _id_at(datetime.now(UTC) - lasts)}
    given = {**asked, **bounds, "most": MAX_LOOKED, "size": size + 1, "skipped": skipped}
    rows = await connection.execute(_statement(lasts is None, fits), given)
    found: list[UUID] = list(rows.scalars())
    return found[:size], len(found) > size


@cache
def _statement(is_of_all: bool, fits: str) -> sa.TextClause:
    return sa.text(f"""
        SELECT jobs.id FROM (
            SELECT job_id, votes FROM ({_OF_ALL if is_of_all else _OF_PERIOD}) AS liked
            ORDER BY votes DESC, job_id DESC LIMIT :most
        ) AS liked CROSS JOIN LATERAL (SELECT * FROM jobs WHERE id = liked.job_id OFFSET 0) AS jobs
        WHERE {fits} ORDER BY liked.votes DESC, liked.job_id DESC LIMIT :size OFFSET :skipped
    """).bindparams(  # noqa: S608  its parts are above and in `bot.store.finding.pages`
        sa.bindparam("channel_ids", type_=pg.ARRAY(sa.BigInteger)),
        sa.bindparam("is_nsfw", type_=sa.Boolean),
        *(() if is_of_all else (sa.bindparam("first", type_=pg.UUID),)),
        *((sa.bindparam("looked", type_=sa.Integer),) if is_of_all else ()),
        sa.bindparam("most", type_=sa.Integer),
        sa.bindparam("size", type_=sa.Integer),
        sa.bindparam("skipped", type_=sa.Integer),
    )


def _id_at(moment: datetime) -> UUID:
    """Return the least id of a job of that moment, which is a UUIDv7."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
