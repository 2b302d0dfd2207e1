"""A member's own key of the API is held to the operator's plan, and uses the same GPU time as direct messages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from api.refusals import refusal_of
from api.store.submissions import Asked, GpuTimeUsed, SpeedRefused, Started, start_jobs
from bot.store.members import lock_members
from bot.store.plans.changing import set_standard_plan
from bot.store.plans.spending import Account, read_spent
from easel.members_plan import StandardPlan
from engine.contract.errors import TooManyPending
from engine.contract.ids import new_id
from engine.contract.jobs import JobRequest, Operation, Speed
from engine.prompt import PromptErrors, parse
from engine.store.api_keys import ApiKey, KeyOptions, create_key
from engine.store.database import Database
from sandbox.state.seed import ADA


async def key_of(database: Database, *, is_members: bool) -> ApiKey:
    """Return a new key, of Ada or of nobody."""
    async with database.begin() as connection:
        (ada,) = await lock_members(connection, [ADA])
        created = await create_key(connection, KeyOptions(name="key"), member_id=ada.id if is_members else None)
    assert created is not None
    return created[0]


async def start(database: Database, key: ApiKey, prompt: str) -> Started:
    """Start a job with the key."""
    specs = parse(prompt)
    assert not isinstance(specs, PromptErrors)
    requests = [
        JobRequest(id=new_id(), member_id=key.member_id, operation=Operation.IMAGINE, spec=spec, seed=1)
        for spec in specs
    ]
    async with database.begin() as connection:
        return await start_jobs(connection, key, Asked(fingerprint=new_id().bytes), requests, StandardPlan())


async def set_plan(database: Database, **limits: Any) -> None:
    """Set the operator's plan."""
    async with database.begin() as connection:
        await set_standard_plan(connection, limits)


async def test_gpu_time_is_used_by_a_members_key(database: Database) -> None:
    """And refused when there is none left, but for relaxed jobs, with the time when there is more."""
    await set_plan(database, per_day=timedelta(seconds=15))
    key = await key_of(database, is_members=True)
    for prompt in ("a cat", "a dog"):
        await start(database, key, prompt)
    async with database.begin() as connection:
        (spent,) = await read_spent(connection, [Account(member_id=key.member_id, guild_id=None)])
    assert spent.reserved == timedelta(seconds=20)
    with pytest.raises(GpuTimeUsed) as caught:
        await start(database, key, "a bird")
    refusal = refusal_of(caught.value)
    assert (refusal.status, refusal.code) == (429, "insufficient_quota") and int(refusal.headers["Retry-After"]) > 0
    assert refusal.message.startswith("You have used your 15 s of GPU time of this day. There is more at ")
    await start(database, key, "a bird --relax")


async def test_speeds_and_unfinished_jobs_are_those_of_the_plan(database: Database) -> None:
    key = await key_of(database, is_members=True)
    await set_plan(database, speeds=frozenset({Speed.RELAX}), max_pending=1, max_running=1)
    with pytest.raises(SpeedRefused) as caught:
        await start(database, key, "a cat")
    assert refusal_of(caught.value).message.endswith("Add one of these to the prompt: --relax.")
    (job,) = (await start(database, key, "a cat --relax")).jobs
    async with database.begin() as connection:
        query = sa.text("SELECT max_running FROM jobs WHERE id = :id")
        assert await connection.scalar(query, {"id": job.id}) == 1
    with pytest.raises(TooManyPending):
        await start(database, key, "a dog --relax")


async def test_keys_of_the_operator_have_their_own_limits_alone(database: Database) -> None:
    await set_plan(database, per_day=timedelta(), speeds=frozenset({Speed.RELAX}), max_pending=1)
    key = await key_of(database, is_members=False)
    for prompt in ("a cat", "a dog"):
        assert len((await start(database, key, prompt)).jobs) == 1
