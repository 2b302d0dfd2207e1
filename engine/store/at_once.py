"""How many jobs of a member are painted at once: the others are in the queue, and engines are not offered them yet.

A job says itself how many there may be with it, so that a member's next one is let in when one of them ends.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""Until it is let in. PgQueuer tells how long that is as a duration, which no infinite one can be."""

_MEMBER_IDS = sa.bindparam("member_ids", type_=pg.ARRAY(pg.UUID))

# A job that ends, and one that is submitted in the same moment, would not see each other.
_LOCK = sa.text("""
    SELECT pg_advisory_xact_lock(hashtextextended('at once', hashtext(member_id::text))) FROM (
        SELECT DISTINCT member_id FROM jobs
        WHERE member_id = ANY (:member_ids) AND status IN ('waiting', 'running') AND max_running IS NOT NULL
        ORDER BY member_id) AS limited
""").bindparams(_MEMBER_IDS)

# What an engine has picked, or paints, is in. Entries that wait for their next attempt are left as they are.
_LET_IN = sa.text("""
    WITH own AS (
        SELECT jobs.id, max_running, row_number() OVER (
            PARTITION BY jobs.member_id ORDER BY entry.status <> 'picked', jobs.turn, jobs.id) AS place
        FROM jobs JOIN pgqueuer AS entry ON entry.dedupe_key = jobs.id::text AND entry.status IN ('queued', 'picked')
        WHERE jobs.member_id = ANY (:member_ids) AND jobs.status IN ('waiting', 'running')
            -- A training would keep out the pictures that it waits for.
            AND jobs.operation <> 'train')
    UPDATE pgqueuer SET execute_after = CASE WHEN place <= max_running THEN now() ELSE :never END
    FROM own
    WHERE dedupe_key = own.id::text AND pgqueuer.status = 'queued' AND max_running IS NOT NULL
        AND (execute_after = :never) = (place <= max_running)
""").bindparams(_MEMBER_IDS, sa.bindparam("never", _NEVER, type_=sa.TIMESTAMP(timezone=True)))

_LIMITED = sa.text("""
    SELECT DISTINCT member_id FROM jobs WHERE status IN ('waiting', 'running') AND max_running IS NOT NULL
""")


async def let_in(connection: AsyncConnection, member_ids: Collection[UUID]) -> None:
    """Let engines have as many of the members' jobs as may be painted at once, those whose turn is first."""
    given = {"member_ids": list(member_ids)}
    if (await connection.execute(_LOCK, given)).first() is not None:
        await connection.execute(_LET_IN, given)


async def let_all_in(connection: AsyncConnection) -> None:
    """Do so for everyone, where the end of a job has let nobody in, as that of an engine of an older release."""
    member_ids = (await connection.execute(_LIMITED)).scalars().all()
    if member_ids:
        await let_in(connection, member_ids)
