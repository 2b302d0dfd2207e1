"""The lock of each member."""

from __future__ import annotations

import asyncio
import gc

from bot.services import MemberLocks


async def test_a_member_waits_for_themselves_and_for_nobody_else() -> None:
    """A second press of the same member waits; another member's does not."""
    locks = MemberLocks()
    async with locks.of(1):
        waiting = asyncio.create_task(locks.of(1).acquire())
        async with locks.of(2):
            await asyncio.sleep(0)
        assert not waiting.done()
    assert await waiting


async def test_members_who_are_done_are_forgotten() -> None:
    """Memory does not grow with the number of members ever seen."""
    locks = MemberLocks()
    for discord_id in range(100):
        async with locks.of(discord_id):
            pass
    gc.collect()
    assert len(locks) == 0
