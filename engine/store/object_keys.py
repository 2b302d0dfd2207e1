"""The keys of all objects that the database names: what a backup of the picture store has to hold.

The callers pass queries for those that other packages' tables name.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.store.tables import jobs, own_adapters, pictures, uploads

_BATCH = 1000

# A table with objects of its own is added here.
_MASK = jobs.c.edit[("mask", "sha256")].astext
_KEYS = (
    sa.select(pictures.c.object_key),
    sa.select(jobs.c.grid_key).where(jobs.c.grid_key.is_not(None)),
    sa.select(sa.func.concat(sa.func.substr(_MASK, 1, 2), "/", sa.func.substr(_MASK, 3, 2), "/", _MASK, ".png")).where(
        _MASK.is_not(None)
    ),
    sa.select(uploads.c.object_key),
    sa.select(own_adapters.c.object_key).where(own_adapters.c.object_key.is_not(None)),
    # Others' jobs keep what an erased member brought.
    sa.select(sa.func.unnest(jobs.c.image_keys)).where(jobs.c.image_keys != []),
)


async def count_objects(connection: AsyncConnection, *others: sa.Select[str]) -> tuple[int, int]:
    """Return how many jobs there are, and how many objects the database names."""
    keys = sa.union(*_KEYS, *others).subquery()
    counts = (sa.select(sa.func.count()).select_from(counted).scalar_subquery() for counted in (jobs, keys))
    num_jobs, num_objects = (await connection.execute(sa.select(*counts))).one()
    return int(num_jobs), int(num_objects)


async def read_object_keys(connection: AsyncConnection, *others: sa.Select[str]) -> AsyncIterator[list[str]]:
    """Yield every key once, in batches, through a cursor of the server's."""
    async with connection.stream(sa.union(*_KEYS, *others), execution_options={"yield_per": _BATCH}) as rows:
        async for batch in rows.scalars().partitions(_BATCH):
            yield list(batch)
