"""Which picture is whose, of those that members bring."""

from __future__ import annotations

from dataclasses import replace

from engine.contract.ids import new_id
from engine.store.database import Database
from engine.store.jobs import submit_job
from engine.store.object_keys import read_object_keys
from engine.store.unused_files import find_used_keys
from engine.store.uploads import erase_uploads, record_uploads, upload_of
from tests.fakes import request_for


async def test_a_picture_in_the_prompt_of_a_job_is_in_use(database: Database) -> None:
    """Also where nobody has brought it, as the operator's; a backup holds it."""
    async with database.begin() as connection:
        await submit_job(connection, replace(request_for(new_id()), image_keys=("ab/one.png", "ab/two.png")))
        assert await find_used_keys(connection, {"ab/two.png", "ab/three.png"}) == {"ab/two.png"}
        held = {key async for keys in read_object_keys(connection) for key in keys}
        assert held == {"ab/one.png", "ab/two.png"}


async def test_a_picture_that_two_members_brought_stays_until_both_are_erased(database: Database) -> None:
    """Each has it recorded once, however often they bring it."""
    ben, cleo = new_id(), new_id()
    shared, own = upload_of(b"shared", 64, 32), upload_of(b"own", 16, 16)
    async with database.begin() as connection:
        await record_uploads(connection, ben, [shared, own])
        await record_uploads(connection, ben, [shared])
        await record_uploads(connection, cleo, [shared])
        keys = {shared.object_key, own.object_key}
        assert await find_used_keys(connection, keys) == keys
        assert await erase_uploads(connection, ben) == keys
        assert await find_used_keys(connection, keys) == {shared.object_key}
        assert await erase_uploads(connection, cleo) == {shared.object_key}
        assert await find_used_keys(connection, keys) == set()
