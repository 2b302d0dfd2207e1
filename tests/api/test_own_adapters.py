"""LoRAs that members have trained, by the keys of their own: theirs alone, and none for other keys."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from engine.contract.ids import new_id
from engine.contract.jobs import JobStatus
from engine.contract.training import ADAPTER_SUFFIX, OwnAdapter
from engine.store.api_keys import KeyOptions, create_key
from engine.store.jobs import read_jobs_with_pictures, submit_job
from engine.store.own_adapters import add_adapter
from tests.api.conftest import RunningApi
from tests.api.test_refusals import message_of
from tests.engine.worker.following import end_of
from tests.fakes import request_for


async def adapter_of(api: RunningApi, member_id: UUID, name: str) -> OwnAdapter:
    """Store an adapter that the member has trained for the default model."""
    adapter = OwnAdapter(
        id=new_id(),
        member_id=member_id,
        name=name,
        subject="zorkle cat",
        kind="cat",
        model="fake",
        job_id=None,
        object_key=await api.objects.put(name.encode(), ADAPTER_SUFFIX),
        created_at=datetime.now(UTC),
    )
    async with api.database.begin() as connection:
        assert await add_adapter(connection, adapter)
    return adapter


@pytest.mark.parametrize("api", [True], indirect=True)
async def test_a_members_key_paints_with_their_own_loras_alone(api: RunningApi) -> None:
    """Not those of others, also where a picture of theirs was made with one; the operator's keys have none."""
    member_id = new_id()
    async with api.database.begin() as connection:
        created = await create_key(connection, KeyOptions(name="own"), member_id=member_id)
    assert created is not None
    _, secret = created
    own, foreign = await adapter_of(api, member_id, "zorkle"), await adapter_of(api, new_id(), "blorp")

    async def ask(key: str, lora: str) -> tuple[int, str]:
        body = {"operation": "imagine", "prompt": f"a cat --lora {lora}"}
        status, answer, _ = await api.ask("POST", "/v1/jobs", key, json=body)
        return status, answer["id"] if status < 300 else message_of(answer)

    status, job_id = await ask(secret, "zorkle:0.5")
    assert status == 202, job_id
    done = await end_of(api.database, UUID(job_id))
    assert (dict(done.spec.adapters), done.status) == ({"zorkle": own.id}, JobStatus.FINISHED)
    _, of_operator = await api.key()
    for key, lora in ((secret, "blorp"), (of_operator, "zorkle")):
        status, told = await ask(key, lora)
        assert (status, lora in told) == (400, True)

    shared = request_for(member_id, parameters={"lora": ("blorp:1",)})
    shared = replace(shared, spec=replace(shared.spec, adapters={"blorp": foreign.id}))
    async with api.database.begin() as connection:
        job = await submit_job(connection, shared)
    await end_of(api.database, job.id)
    async with api.database.begin() as connection:
        ((_, pictures),) = [one for one in await read_jobs_with_pictures(connection, [job.id]) if one is not None]
    body = {"operation": "vary", "picture": str(pictures[0].id)}
    status, answer, _ = await api.ask("POST", "/v1/jobs", secret, json=body)
    assert (status, "blorp" in message_of(answer)) == (400, True)
