"""`easel keys` makes keys of the API, shows each secret once, and revokes."""

from __future__ import annotations

import json
from pathlib import Path

from engine.store.api_keys import SECRET_START, find_key
from engine.store.database import Database
from tests.easel.command import CommandResult, run_easel


async def test_a_key_is_made_listed_and_revoked(home: Path, database_url: str, database: Database) -> None:
    """The secret is shown when it is made and stored nowhere; names of keys in force are unique."""

    async def keys(*arguments: str) -> CommandResult:
        return await run_easel("keys", *arguments, home=home, DATABASE_URL=database_url)

    made = await keys("create", "blog", "--scope", "paint", "--per-day", "7", "--cancel-abandoned", "--json")
    assert made.code == 0, made.err
    told = json.loads(made.out)
    secret = told.pop("secret")
    assert secret.startswith(SECRET_START)
    expected = {"name": "blog", "scopes": ["paint"], "jobs_per_day": 7, "jobs_at_once": 4, "cancels_abandoned": True}
    assert told.items() >= expected.items()

    # Square brackets are style in rich's markup.
    assert (await keys("create", "[/blog]")).code == 0
    table = await keys("list")
    assert table.code == 0 and "[/blog]" in table.out
    # As it is revoked by, however narrow the terminal is.
    assert told["id"] in table.out
    assert (await keys("revoke", "[/blog]")).code == 0

    taken, blank = await keys("create", "blog"), await keys("create", " ")
    assert taken.code == blank.code == 3
    assert 'There is a key named "blog"' in taken.err and "1 to 100 characters" in blank.err

    async with database.begin() as connection:
        assert await find_key(connection, secret[:-1]) is None
        assert await find_key(connection, secret) is not None
    listed = await keys("list", "--json")
    shown, _ = json.loads(listed.out)
    assert shown.items() >= expected.items() and shown["last_used_at"] and secret not in listed.out
    table = await keys("list")
    assert "blog" in table.out and secret not in table.out

    revoked, again = await keys("revoke", "blog"), await keys("revoke", "blog")
    assert (revoked.code, again.code) == (0, 3) and "No key in force" in again.err
    assert (await keys("list", "--quiet")).out == ""
    async with database.begin() as connection:
        found = await find_key(connection, secret)
    assert found is not None and found.revoked_at is not None
    renewed = await keys("create", "blog", "--quiet")
    assert renewed.out.strip().startswith(SECRET_START) and renewed.out.strip() != secret
