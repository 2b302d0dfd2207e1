"""`easel loras` lists what members have trained, and removes one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from engine.contract.ids import new_id
from engine.contract.training import OwnAdapter
from engine.store.database import Database
from engine.store.own_adapters import add_adapter
from tests.easel.command import run_easel


async def test_what_members_have_trained_is_listed_and_removed(
    home: Path, database_url: str, database: Database
) -> None:
    """Not what is still being trained; a removed one is shared nowhere, and an unknown one is said."""
    made = OwnAdapter(
        id=new_id(),
        member_id=new_id(),
        name="zorkle",
        subject="zorkle cat",
        kind="cat",
        model="starter",
        job_id=None,
        object_key="ab/cd/abcd.safetensors",
        created_at=datetime.now(UTC),
    )
    async with database.begin() as connection:
        assert await add_adapter(connection, made)
        share = sa.text("INSERT INTO adapter_shares (guild_id, adapter_id, name) VALUES (7, :id, 'zorkle')")
        await connection.execute(share, {"id": made.id})

    listed = await run_easel("loras", "list", "--json", home=home, DATABASE_URL=database_url)
    (only,) = json.loads(listed.out)
    assert (only["id"], only["name"], only["servers"]) == (str(made.id), "zorkle", 1)
    removed = await run_easel("loras", "remove", str(made.id), home=home, DATABASE_URL=database_url)
    assert removed.out == "zorkle is removed. Pictures that were made with it stay.\n"
    async with database.begin() as connection:
        assert (await connection.execute(sa.text("SELECT count(*) FROM adapter_shares"))).scalar_one() == 0
    again = await run_easel("loras", "remove", str(made.id), home=home, DATABASE_URL=database_url)
    assert again.code == 3 and "There is no LoRA" in again.err
    none = await run_easel("loras", "list", home=home, DATABASE_URL=database_url)
    assert none.out == "No member has trained a LoRA yet.\n"
