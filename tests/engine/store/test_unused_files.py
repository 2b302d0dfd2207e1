"""Files that become somebody's while they are deleted for somebody else."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from engine.contract.ids import new_id
from engine.store.database import Database
from engine.store.objects import Objects
from engine.store.own_adapters import forget_brought
from engine.store.unused_files import delete_unused, secure_files
from engine.store.uploads import SUFFIX, find_upload_keys, record_uploads, upload_of
from tests.engine.worker.following import count, submit, until
from tests.fakes import request_for

PICTURE = b"the same to the byte"


class Held(Objects):
    """A picture store in which deleting stands still, in the middle of it, until it may go on."""

    def __init__(self, objects: Objects) -> None:
        super().__init__(objects.store)
        self.begun, self.may_go_on = asyncio.Event(), asyncio.Event()

    async def delete(self, key: str) -> None:
        self.begun.set()
        await self.may_go_on.wait()
        await super().delete(key)


async def bring(database: Database, objects: Objects) -> None:
    """Bring the picture as whoever does."""
    async with database.begin() as connection:
        await record_uploads(connection, new_id(), [upload_of(PICTURE, 8, 8)])
    await objects.put(PICTURE, SUFFIX)


async def paint(database: Database, objects: Objects) -> None:
    """Store the picture as an engine does, which puts it there before its row."""
    key = await objects.put(PICTURE, SUFFIX)
    async with database.begin(limit=timedelta(minutes=1)) as connection:
        await secure_files(connection, objects, {key: PICTURE})


async def is_waiting(database: Database) -> bool:
    return bool(await count(database, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"))


async def test_what_is_stored_while_it_is_deleted_is_there(database: Database, objects: Objects) -> None:
    """Whoever comes between the look at whose it is and the end of the deletion waits, and stores it anew."""
    for store in (bring, paint):
        held, key = Held(objects), await objects.put(PICTURE, SUFFIX)
        deleting = asyncio.create_task(delete_unused(database, held, [key]))
        await held.begun.wait()
        storing = asyncio.create_task(store(database, objects))

        async def is_settled(storing: asyncio.Task[None] = storing) -> bool:
            return storing.done() or await is_waiting(database)

        await until(is_settled)
        held.may_go_on.set()
        await asyncio.gather(deleting, storing)
        assert await objects.get(key) == PICTURE
        async with database.begin() as connection:
            await connection.exec_driver_sql("DELETE FROM uploads")


async def test_what_is_being_stored_is_deleted_once_it_is_known_whose_it_is(
    database: Database, objects: Objects
) -> None:
    """Others of the same batch do not wait for it; it is somebody's in the end, and stays."""
    key, other = await objects.put(PICTURE, SUFFIX), await objects.put(b"nobody's", SUFFIX)
    async with database.begin(limit=timedelta(minutes=1)) as connection:
        await record_uploads(connection, new_id(), [upload_of(PICTURE, 8, 8)])
        deleting = asyncio.create_task(delete_unused(database, objects, [key, other]))

        async def is_settled() -> bool:
            return deleting.done() or await is_waiting(database)

        await until(is_settled)
    assert await deleting == {key}
    assert await objects.find([key, other]) == {key}


async def test_what_a_member_asked_for_again_after_their_training_stays(database: Database) -> None:
    """Be it that they brought it once more, or that they named it in a prompt."""
    member_id = new_id()
    brought, named, left = (upload_of(data, 8, 8) for data in (b"brought", b"named", b"left"))
    async with database.begin() as connection:
        await record_uploads(connection, member_id, [brought, named, left])
    training = await submit(database, request_for(member_id))
    async with database.begin() as connection:
        await record_uploads(connection, member_id, [brought])
        (name,) = await find_upload_keys(connection, member_id, [named.object_key.rpartition("/")[2][:8]])
    keys = [one.object_key for one in (brought, named, left)]
    async with database.begin() as connection:
        await forget_brought(connection, member_id, keys, training=training)
        kept = (await connection.exec_driver_sql("SELECT object_key FROM uploads")).scalars().all()
    assert name and set(kept) == {brought.object_key, named.object_key}
