"""What a raw export leaves out of jobs and of the log, by what members agree to now.

A job is withheld if it is private; if its member, or one whose job it goes back to, has not agreed; if a prompt of it
came from the content of a message; if it was shown in a guild that is closed, or was then, or elsewhere than in the one
that is wanted; and if it has no result, because nothing says in which guild it was asked for. What is recorded about a
job goes with it, and what is recorded about a pair with the jobs of both pictures.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncResult

from engine.contract.jobs import Job, Picture
from engine.store.jobs import job_from_row, picture_from_row
from engine.store.tables import jobs, pictures

_FETCH_SIZE = 500

# Tables, because a set that is part of a query is estimated at many times its size, and the whole log hashed instead.
_MEMBERS: sa.BindParameter[Any] = sa.bindparam("members", type_=pg.ARRAY(pg.UUID))
_GUILD = sa.bindparam("guild_id", type_=sa.BigInteger)
_WITHHOLD_JOBS = sa.text("""
    CREATE TEMPORARY TABLE withheld_jobs ON COMMIT DROP AS
    WITH RECURSIVE withheld (job_id) AS (
        SELECT id FROM jobs WHERE member_id <> ALL (:members) OR status <> 'finished' OR visibility = 'private'
            OR (spec -> 'parameters') ? 'between'
        UNION
        SELECT job_id FROM impressions
        LEFT JOIN closed_guilds
            ON closed_guilds.guild_id = impressions.guild_id AND shown_at >= since AND shown_at < until
        WHERE job_id IS NOT NULL AND (
            prompt_source = 'message' OR closed_guilds.guild_id IS NOT NULL
            OR CAST(:guild_id AS bigint) IS NOT NULL AND impressions.guild_id IS DISTINCT FROM :guild_id
        )
        UNION
        SELECT id FROM jobs WHERE CAST(:guild_id AS bigint) IS NOT NULL
            AND NOT EXISTS (SELECT FROM impressions WHERE impressions.job_id = jobs.id)
        UNION
        SELECT id FROM withheld JOIN jobs ON parent_job_id = withheld.job_id
    )
    SELECT job_id FROM withheld
""").bindparams(_MEMBERS, _GUILD)
# With indexes, by which the log is read in its order.
_WITHHOLD_RECORDS = (
    "ALTER TABLE withheld_jobs ADD PRIMARY KEY (job_id)",
    "ANALYZE withheld_jobs",
    """
    CREATE TEMPORARY TABLE withheld_presses ON COMMIT DROP AS
    SELECT press_id FROM actions JOIN closed_guilds USING (guild_id)
    WHERE press_id >= since_press AND press_id < until_press
    UNION
    SELECT press_id FROM actions CROSS JOIN unnest(shown_pictures) AS shown_id
    JOIN pictures ON pictures.id = shown_id JOIN withheld_jobs ON withheld_jobs.job_id = pictures.job_id
    WHERE actions.job_id IS NULL
    """,
    "ALTER TABLE withheld_presses ADD PRIMARY KEY (press_id)",
    "ANALYZE withheld_presses",
    """
    CREATE TEMPORARY TABLE withheld_pairs ON COMMIT DROP AS
    SELECT id FROM impressions JOIN closed_guilds USING (guild_id)
    WHERE job_id IS NULL AND shown_at >= since AND shown_at < until
    UNION
    SELECT pairs.id FROM impressions AS pairs CROSS JOIN jsonb_array_elements(pairs.pictures) AS shown
    JOIN pictures ON pictures.id = (shown ->> 'picture_id')::uuid
    JOIN withheld_jobs ON withheld_jobs.job_id = pictures.job_id
    WHERE pairs.job_id IS NULL
    """,
    "ALTER TABLE withheld_pairs ADD PRIMARY KEY (id)",
    "ANALYZE withheld_pairs",
)

_NUMBER_MEMBERS = sa.text("""
    CREATE TEMPORARY TABLE numbered_members ON COMMIT DROP AS
    SELECT member_id, number - 1 AS number FROM unnest(:members) WITH ORDINALITY AS numbers (member_id, number)
""").bindparams(_MEMBERS)
_INDEX_MEMBERS = ("ALTER TABLE numbered_members ADD PRIMARY KEY (member_id)", "ANALYZE numbered_members")

_IS_OPEN = "NOT EXISTS (SELECT FROM withheld_jobs WHERE withheld_jobs.job_id = {})"
IS_PRESS_OPEN = f"""
    {_IS_OPEN.format("actions.job_id")}
    AND NOT EXISTS (SELECT FROM withheld_presses WHERE withheld_presses.press_id = actions.press_id)
    AND (CAST({{0}} AS bigint) IS NULL OR actions.guild_id = {{0}})
"""
"""The condition that a row of `actions` is not withheld; `{0}` stands for the wanted guild's id, which may be null.

Whether its member agrees is another condition.
"""

IS_IMPRESSION_OPEN = f"""
    {_IS_OPEN.format("impressions.job_id")}
    AND NOT EXISTS (SELECT FROM withheld_pairs WHERE withheld_pairs.id = impressions.id)
    AND (CAST({{0}} AS bigint) IS NULL OR impressions.guild_id = {{0}})
"""
"""The same of a row of `impressions`."""

_COUNT = sa.text(
    f"""
    SELECT (SELECT count(*) FROM jobs WHERE {_IS_OPEN.format("jobs.id")})
        + (SELECT count(*) FROM pictures WHERE {_IS_OPEN.format("pictures.job_id")})
        + (SELECT count(*) FROM actions WHERE member_id = ANY (:members) AND {IS_PRESS_OPEN.format(":guild_id")})
        + (
            SELECT count(*) FROM impressions
            WHERE member_id = ANY (:members) AND {IS_IMPRESSION_OPEN.format(":guild_id")}
        )
    """  # noqa: S608  the parts are constants
).bindparams(_MEMBERS, _GUILD)


async def withhold(connection: AsyncConnection, numbers: Mapping[UUID, int], guild_id: int | None = None) -> None:
    """Note for the rest of the transaction, which has to be one snapshot that takes new tables, what is withheld.

    numbers: 0 to n - 1, of the members who agree. guild_id: of the one guild that is wanted; None for all there is.
    """
    members = sorted(numbers, key=numbers.__getitem__)
    await connection.execute(_NUMBER_MEMBERS, {"members": members})
    for statement in _INDEX_MEMBERS:
        await connection.execute(sa.text(statement))
    await connection.execute(_WITHHOLD_JOBS, {"members": members, "guild_id": guild_id})
    for statement in _WITHHOLD_RECORDS:
        await connection.execute(sa.text(statement))


async def count_open(connection: AsyncConnection, members: Collection[UUID], guild_id: int | None = None) -> int:
    """Return how many jobs, pictures, actions and impressions are not withheld, with the arguments of `withhold`."""
    return int((await connection.execute(_COUNT, {"members": list(members), "guild_id": guild_id})).scalar_one())


async def stream_open_jobs(connection: AsyncConnection) -> AsyncIterator[Job]:
    """Yield the jobs that are not withheld by id, which is by age to the millisecond."""
    async for row in await _stream(connection, jobs, jobs.c.id):
        yield job_from_row(row)


async def stream_open_pictures(connection: AsyncConnection) -> AsyncIterator[Picture]:
    """Yield their pictures by id."""
    async for row in await _stream(connection, pictures, pictures.c.job_id):
        yield picture_from_row(row)


async def _stream(connection: AsyncConnection, table: sa.Table, job_id: sa.Column[Any]) -> AsyncResult[Any]:
    query = sa.select(table).where(sa.text(_IS_OPEN.format(job_id))).order_by(table.c.id)
    return await connection.stream(query, execution_options={"yield_per": _FETCH_SIZE})
