"""Consent of the release before becomes choices that nobody was asked for, while that release runs."""

from __future__ import annotations

import asyncpg
import pytest
import sqlalchemy as sa
from alembic import command

from engine.store.database import open_database
from migrations import upgrade
from migrations.migrator import _config


@pytest.fixture
async def old_url(empty_url: str) -> str:
    """A database of the release before consent was asked for."""
    async with open_database(empty_url, pool_size=1) as database, database.begin(limit=None) as connection:
        await connection.run_sync(_upgrade_to_old)
    return empty_url


def _upgrade_to_old(connection: sa.Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "0006")


async def test_the_default_level_is_no_choice(old_url: str) -> None:
    """What was set by hand is one of version 0; who comes to the previous release meanwhile has made none either."""
    old = await asyncpg.connect(old_url)
    added = await old.prepare("INSERT INTO members (id, discord_id) VALUES (gen_random_uuid(), $1)")
    await added.fetch(1)
    for discord_id, level in ((2, "train"), (3, "publish")):
        await old.execute(
            "INSERT INTO members (id, discord_id, consent) VALUES (gen_random_uuid(), $1, $2)", discord_id, level
        )
    await upgrade(old_url)
    await added.fetch(4)
    chosen = await old.fetch(
        "SELECT consent_version, may_train, may_publish, consent_press FROM members ORDER BY discord_id"
    )
    assert [tuple(row) for row in chosen] == [
        (None, False, False, None),
        (0, True, False, None),
        (0, True, True, None),
        (None, False, False, None),
    ]
    assert await old.fetch("SELECT consent FROM members WHERE discord_id = 4 FOR NO KEY UPDATE")
    await old.close()
