"""Deleting the files of an erasure: key by key, then looked for once more."""

from __future__ import annotations

from engine.contract.errors import PictureStoreUnavailable
from engine.contract.store_faults import StoreFault
from engine.feedback.store.erasures import Erasure, forget_keys, mark_deleted, read_keys, renew_erasure
from engine.store.database import Database
from engine.store.objects import Objects
from engine.store.unused_files import delete_unused, find_used_keys

_AT_ONCE = 100


async def delete_files(database: Database, objects: Objects, erasure: Erasure) -> None:
    """Delete the files that nobody else has; each is gone from the store's list when this returns.

    Raises: PictureStoreUnavailable, StoreUnavailable; what was deleted until then stays so.
    """
    while keys := await _next_keys(database, erasure, is_deleted=False):
        used = await delete_unused(database, objects, keys)
        async with database.background, database.begin() as connection:
            await forget_keys(connection, erasure.id, used)
            await mark_deleted(connection, erasure.id, keys)
    while keys := await _next_keys(database, erasure, is_deleted=True):
        left = await objects.find(keys)
        async with database.background, database.begin() as connection:
            left -= await find_used_keys(connection, left)
            await forget_keys(connection, erasure.id, set(keys) - left)
        if left:
            raise PictureStoreUnavailable(fault=StoreFault.BROKEN, cause="files are there after they were deleted")


async def _next_keys(database: Database, erasure: Erasure, *, is_deleted: bool) -> list[str]:
    async with database.background, database.begin() as connection:
        await renew_erasure(connection, erasure.id)
        return await read_keys(connection, erasure.id, is_deleted=is_deleted, limit=_AT_ONCE)
