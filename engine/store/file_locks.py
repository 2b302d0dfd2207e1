"""Locks on files by their keys: a file is deleted only while nobody can be storing a row that names it.

Whoever stores such a row holds the key until the commit, together with any others who do; whoever deletes the file has
the key alone from before looking whose it is until the file is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

_KEYS = sa.bindparam("keys", type_=pg.ARRAY(sa.Text))
_HOLD = sa.text("""
    SELECT pg_advisory_xact_lock_shared(hashtextextended('file', hashtext(key))) FROM unnest(:keys) AS key
""").bindparams(_KEYS)
# Only the first is waited for, when nothing else is held: two who wait for each other's keys would wait for ever.
_CLAIM = sa.text("""
    SELECT key FROM unnest(:keys) WITH ORDINALITY AS wanted (key, number)
    WHERE CASE number
        WHEN 1 THEN pg_advisory_xact_lock(hashtextextended('file', hashtext(key))) IS NOT NULL
        ELSE pg_try_advisory_xact_lock(hashtextextended('file', hashtext(key)))
    END
""").bindparams(_KEYS)


async def hold_files(connection: AsyncConnection, keys: Collection[str]) -> None:
    """Keep the files from being deleted until the transaction ends; one that is being deleted is gone on return."""
    if keys:
        await connection.execute(_HOLD, {"keys": sorted(keys)})


async def claim_files(connection: AsyncConnection, keys: Sequence[str]) -> frozenset[str]:
    """Return those of the files that nobody holds, at least the first, which are the transaction's until it ends."""
    return frozenset((await connection.execute(_CLAIM, {"keys": list(keys)})).scalars())
