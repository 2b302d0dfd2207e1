"""Jobs in a given state, created through the store, and read back."""

from __future__ import annotations

from uuid import UUID

from engine.contract.ids import new_id
from engine.contract.jobs import Job, Picture
from engine.store.database import Database
from engine.store.jobs import read_job, submit_job
from engine.store.transitions import start_job
from tests.fakes import request_for


async def submitted(database: Database, member: UUID | None = None) -> Job:
    async with database.begin() as connection:
        return await submit_job(connection, request_for(member or new_id()))


async def started(database: Database, job: Job) -> Job:
    async with database.begin() as connection:
        running = await start_job(connection, job.id)
    assert running is not None
    return running


async def read(database: Database, job: Job) -> Job:
    async with database.begin() as connection:
        found = await read_job(connection, job.id)
    assert found is not None
    return found


def picture_of(job: Job, slot: int, key: str | None = None) -> Picture:
    key = key or f"{slot}.png"
    return Picture(id=new_id(), job_id=job.id, slot=slot, object_key=key, width=8, height=8, seed=slot, recipe={"a": 1})
