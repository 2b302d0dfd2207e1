"""Pictures that members have brought: which file is whose, so that it can be given back and erased."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.uploads import StoredUpload
from engine.store.file_copies import folder_of_hash, key_from_bytes
from engine.store.file_locks import hold_files
from engine.store.tables import uploads

SUFFIX = ".png"


def upload_of(png: bytes, width: int, height: int) -> StoredUpload:
    """Return the picture as it will be stored; nothing is."""
    return StoredUpload(object_key=key_from_bytes(png, SUFFIX), width=width, height=height)


async def record_uploads(connection: AsyncConnection, member_id: UUID, brought: Sequence[StoredUpload]) -> None:
    """Record that the member brought the pictures; again, only when.

    Before their files are stored: what is in the store is then always somebody's.
    """
    rows = [
        {"member_id": member_id, "object_key": one.object_key, "width": one.width, "height": one.height}
        for one in brought
    ]
    if rows:
        await hold_files(connection, [one.object_key for one in brought])
        # What was brought again just now is not pruned before the job that wants it is there.
        again = {"created_at": sa.func.now()}
        insert = pg.insert(uploads).on_conflict_do_update(index_elements=["member_id", "object_key"], set_=again)
        await connection.execute(insert, rows)


async def find_upload_keys(connection: AsyncConnection, member_id: UUID, hashes: Sequence[str]) -> dict[str, str]:
    """Return the keys of those pictures that the member brought, by the beginnings of their files' hashes.

    What is asked for stays the member's until the job that wants it is there, as what is brought does.
    """
    if not hashes:
        return {}
    starts = [uploads.c.object_key.startswith(folder_of_hash(one), autoescape=True) for one in hashes]
    wanted = sa.update(uploads).where(uploads.c.member_id == member_id, sa.or_(*starts))
    again = wanted.values(created_at=sa.func.now()).returning(uploads.c.object_key)
    keys = (await connection.execute(again)).scalars().all()
    return {one: key for one in hashes for key in keys if key.startswith(folder_of_hash(one))}


async def erase_uploads(connection: AsyncConnection, member_id: UUID) -> frozenset[str]:
    """Delete the rows of everything that the member brought; return the keys of the files, which stay."""
    deleted = sa.delete(uploads).where(uploads.c.member_id == member_id).returning(uploads.c.object_key)
    return frozenset((await connection.execute(deleted)).scalars())


def keys_of_uploads(listed: Any) -> sa.Select[Any]:
    """Return the query for those of the keys, an array, under which somebody has brought a picture."""
    return sa.select(uploads.c.object_key).where(uploads.c.object_key == listed)
