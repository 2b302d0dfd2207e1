"""Bans and limits are stored beside each other, and end one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from engine.contract.errors import MemberBanned
from engine.contract.ids import new_id
from engine.store.database import Database
from engine.store.restrictions import (
    Restriction,
    ban_member,
    limit_member,
    read_banned,
    read_restrictions,
    unban_member,
)
from tests.engine.worker.following import count


async def restriction(database: Database, member: UUID) -> Restriction:
    async with database.begin() as connection:
        return (await read_restrictions(connection, [member]))[member]


async def test_a_ban_and_a_limit_are_apart(database: Database) -> None:
    """Either may be changed and ended without the other, and nothing is left when both are."""
    member = new_id()
    async with database.begin() as connection:
        await ban_member(connection, member, "spam", None)
        await limit_member(connection, member, 3)
        await ban_member(connection, member, "more spam", None)
    found = await restriction(database, member)
    assert found.max_pending == 3 and found.ban and (found.ban.reason, found.ban.until) == ("more spam", None)
    with pytest.raises(MemberBanned):
        found.check_not_banned()
    async with database.begin() as connection:
        assert await read_banned(connection) == [member]
        assert await unban_member(connection, member)
        assert not await unban_member(connection, member)
    assert await restriction(database, member) == Restriction(max_pending=3)
    async with database.begin() as connection:
        await ban_member(connection, member, "spam", None)
        await limit_member(connection, member, None)
        assert await unban_member(connection, member)
    assert await restriction(database, member) == Restriction()
    assert await count(database, "SELECT count(*) FROM restrictions") == 0


async def test_a_ban_ends_at_its_end(database: Database) -> None:
    member, until = new_id(), datetime.now(UTC) + timedelta(hours=1)
    async with database.begin() as connection:
        await ban_member(connection, member, "spam", until)
    found = await restriction(database, member)
    assert found.ban and found.ban.until == until
    earlier = "UPDATE restrictions SET banned_at = now() - interval '2 hours', banned_until = now() RETURNING 1"
    await count(database, f"WITH ended AS ({earlier}) SELECT count(*) FROM ended")
    (await restriction(database, member)).check_not_banned()
    async with database.begin() as connection:
        assert await read_banned(connection) == []
        assert not await unban_member(connection, member)
