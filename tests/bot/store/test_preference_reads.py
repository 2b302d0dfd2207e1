"""Members who ask in the same moment are read together."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.policy.preferences import NO_PREFERENCES, MemberPreferences, Setting
from bot.store.preference_reads import PreferenceReads
from bot.store.preferences import change_preferences
from engine.contract.errors import StoreUnavailable
from engine.store.database import Database
from tests.bot.store.test_button_actions import press, statements_of

LONG = timedelta(minutes=1)
MEMBERS = range(5, 25)


async def prefer(database: Database, discord_id: int) -> None:
    async with database.begin() as connection:
        context = press(1, discord_id=discord_id)
        await change_preferences(connection, context, lambda before: before.with_setting(Setting.SHAPE, "3:2"))


def preferred_by(member: int) -> MemberPreferences:
    return NO_PREFERENCES.with_setting(Setting.SHAPE, "3:2") if member == 7 else NO_PREFERENCES


async def test_members_of_one_moment_share_a_statement(database: Database) -> None:
    """The first one is read by itself, those who come meanwhile together; some are no members yet."""
    await prefer(database, 7)
    reads = PreferenceReads(database, limit=LONG)
    with statements_of(database) as statements:
        found = await asyncio.gather(*(reads.read(member) for member in (*MEMBERS, 7)))
    assert len(statements) == 1
    assert found == [preferred_by(member) for member in (*MEMBERS, 7)]


async def test_what_was_changed_is_read_the_next_time(database: Database) -> None:
    reads = PreferenceReads(database, limit=LONG)
    assert await reads.read(7) == NO_PREFERENCES
    await prefer(database, 7)
    assert await reads.read(7) == preferred_by(7)


async def test_one_who_gives_up_leaves_the_others(database: Database) -> None:
    reads = PreferenceReads(database, limit=LONG)
    given_up, other = (asyncio.create_task(reads.read(5)) for _ in range(2))
    await asyncio.sleep(0)
    given_up.cancel()
    assert await other == NO_PREFERENCES


async def test_everybody_learns_that_the_database_is_away(database: Database) -> None:
    """And the next one is read again."""
    reads = PreferenceReads(database, limit=timedelta(0))
    results = await asyncio.gather(*(reads.read(member) for member in MEMBERS), return_exceptions=True)
    assert {type(result) for result in results} == {StoreUnavailable}
    with pytest.raises(StoreUnavailable):
        await reads.read(5)
