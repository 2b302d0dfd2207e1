"""What the API asks of Postgres goes by indexes, however many keys, requests and pictures there are."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

from api.store.own_jobs import find_own_picture, read_own_job, read_own_picture, read_signing_secret
from api.store.submissions import Asked, start_jobs
from engine.contract.ids import new_id
from engine.store.api_keys import ApiKey, KeyOptions, create_key, find_key
from engine.store.database import Database
from tests.fakes import request_for

_FILL = """
    INSERT INTO jobs (id, member_id, operation, spec, seed, status, turn, grid_key, grid_type, started_at, ended_at)
    SELECT lpad(n::text, 32, '0')::uuid, lpad((n % 500)::text, 32, '0')::uuid, 'imagine',
        '{"version": 1, "prompt": "", "parts": [], "images": [], "parameters": {}}', n, 'finished', n, 'g',
        'image/jpeg', now(), now() FROM generate_series(1, 20000) AS n;
    INSERT INTO pictures (id, job_id, slot, object_key, width, height, seed, recipe)
    SELECT id, id, 0, 'aa/bb/' || id::text || '.png', 8, 8, 1, '{}' FROM jobs;
    INSERT INTO api_keys (id, name, secret_hash, member_id, scopes, jobs_per_day, jobs_at_once, cancels_abandoned)
    SELECT lpad(n::text, 32, '0')::uuid, n::text, decode(md5(n::text), 'hex'), lpad(n::text, 32, '0')::uuid, '{paint}',
        1000000, 100, false FROM generate_series(1, 2000) AS n;
    INSERT INTO api_requests (id, key_id, fingerprint, idempotency_key, job_ids, created_at)
    SELECT gen_random_uuid(), lpad((n % 200 + 1)::text, 32, '0')::uuid, decode(md5(n::text), 'hex'), n::text, '{}',
        now() - n * interval '5 seconds' FROM generate_series(1, 20000) AS n;
    ANALYZE"""
_READS_ALL = re.compile(r"Seq Scan on (jobs|pictures|api_keys|api_requests)\b")


async def test_every_query_goes_by_an_index(database: Database) -> None:
    """A key's requests of the last day are all that is read of many."""
    key, said = await _filled(database), list[tuple[str, Any]]()
    sha256, requests = "0" * 64, [request_for(key.member_id)]

    def hear(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        said.append((statement, parameters))

    async with database.engine.connect() as connection:
        (job_id,) = (await connection.execute(sa.text("SELECT id FROM jobs WHERE turn = 7"))).scalars()
        (member_id,) = (await connection.execute(sa.text("SELECT member_id FROM jobs WHERE turn = 7"))).scalars()
        sa.event.listen(database.engine.sync_engine, "before_cursor_execute", hear)
        await find_key(connection, "easel_unknown")
        await read_own_job(connection, member_id, job_id)
        await read_own_picture(connection, member_id, job_id)
        assert await find_own_picture(connection, member_id, sha256) is None
        await read_signing_secret(connection, key.member_id)
        for asked in (Asked(fingerprint=b"x"), Asked(fingerprint=b"x", idempotency_key=str(new_id()))):
            await start_jobs(connection, key, asked, requests)
            requests = [request_for(key.member_id, seed=99)]
        sa.event.remove(database.engine.sync_engine, "before_cursor_execute", hear)
        await connection.rollback()
    assert any("api_requests" in statement for statement, _ in said)
    async with database.begin() as connection:
        for statement, parameters in said:
            plan = "\n".join((await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)).scalars())
            assert not _READS_ALL.search(plan), f"{statement}\n{plan}"


async def _filled(database: Database) -> ApiKey:
    """Fill the tables, and return one key more."""
    async with database.autocommit() as connection:
        for statement in _FILL.split(";"):
            await connection.execute(sa.text(statement))
        created = await create_key(connection, KeyOptions(name="one more", jobs_per_day=10**6, jobs_at_once=100))
    assert created is not None
    return created[0]
