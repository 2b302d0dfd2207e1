"""Deleting files that nobody has any more, and storing those that somebody still has a use for.

Files may be the same to the byte, and then they are one: it is somebody else's too, or becomes so at any moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.store.database import Database
from engine.store.file_locks import claim_files, hold_files
from engine.store.objects import Objects
from engine.store.own_adapters import IS_THERE
from engine.store.tables import jobs, own_adapters, pictures
from engine.store.uploads import keys_of_uploads

_AT_ONCE = 10
"""Files in one transaction, which has to end in time with a slow store, too."""

_USED_MASKS = sa.text("""
    SELECT edit #>> '{mask,sha256}' FROM jobs WHERE edit ? 'mask' AND edit #>> '{mask,sha256}' = ANY (:hashes)
""").bindparams(sa.bindparam("hashes", type_=pg.ARRAY(sa.Text)))


async def find_used_keys(
    connection: AsyncConnection, keys: Collection[str], *, apart_from: UUID | None = None
) -> frozenset[str]:
    """Return those of the keys that anything has.

    apart_from: a job that has no more use for the pictures in its prompt.
    """
    wanted = sa.literal(list(keys), pg.ARRAY(sa.Text))
    listed = sa.any_(wanted)
    # The index has only jobs with pictures in their prompts.
    prompted = [jobs.c.image_keys != [], jobs.c.image_keys.overlap(wanted)]
    if apart_from is not None:
        prompted.append(jobs.c.id != apart_from)
    used = sa.union(
        sa.select(pictures.c.object_key).where(pictures.c.object_key == listed),
        sa.select(jobs.c.grid_key).where(jobs.c.grid_key == listed),
        keys_of_uploads(listed),
        sa.select(own_adapters.c.object_key).where(own_adapters.c.object_key == listed, IS_THERE),
        sa.select(sa.func.unnest(jobs.c.image_keys)).where(*prompted),
    )
    found = set((await connection.execute(used)).scalars()).intersection(keys)
    by_hash = {Path(key).stem: key for key in keys}
    masks = await connection.execute(_USED_MASKS, {"hashes": list(by_hash)})
    return frozenset(found.union(by_hash[sha256] for sha256 in masks.scalars()))


async def delete_unused(
    database: Database, objects: Objects, keys: Collection[str], *, apart_from: UUID | None = None
) -> frozenset[str]:
    """Delete the files that nobody has, as of `find_used_keys`; return the keys of the others.

    Raises: PictureStoreUnavailable, StoreUnavailable; what was deleted until then stays so.
    """
    left, used = sorted(keys), frozenset[str]()
    while left:
        async with database.background, database.begin() as connection:
            claimed = await claim_files(connection, left[:_AT_ONCE])
            kept = await find_used_keys(connection, claimed, apart_from=apart_from)
            # One by one: a store that lacks the first of a list may stop there.
            for key in sorted(claimed - kept):
                await objects.delete(key)
        used |= kept
        left = [key for key in left if key not in claimed]
    return used


async def secure_files(connection: AsyncConnection, objects: Objects, files: Mapping[str, bytes]) -> None:
    """Keep the files, which were stored before, until the rows that name them are; store those again that are gone.

    files: their bytes by their keys.

    Raises: StorageFull, PictureStoreUnavailable.
    """
    await hold_files(connection, files)

    async def secure(key: str, data: bytes) -> None:
        if not await objects.size_of(key):
            await objects.put(data, Path(key).suffix)

    await asyncio.gather(*(secure(key, data) for key, data in files.items()))
