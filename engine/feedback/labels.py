"""Preferences of the whole log: measured in two passes over it, and derived in a third."""

from __future__ import annotations

from collections.abc import AsyncIterator, Container, Iterable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.feedback.preferences.answers import EXCLUDING
from engine.feedback.preferences.community import Community, RaterPass
from engine.feedback.preferences.derive import Preferences, derive_preferences
from engine.feedback.records import Press
from engine.feedback.store.presses import PressesWanted, stream_presses_by_member, stream_presses_by_prompt


async def measure_log(
    connection: AsyncConnection, members: Container[UUID], *, guild_id: int | None = None
) -> Community:
    """Return slot bias, skills and shares of the presses of `members`: those whose consent allows it now.

    guild_id: of the one guild whose presses count; None for all.

    Two passes over the log; held are the presses of one member or of one prompt, and a few numbers for each member.
    """
    raters = RaterPass()
    async for member_id, presses in stream_presses_by_member(connection, _wanted(guild_id)):
        if member_id in members:
            raters.add(member_id, presses)
    prompts = raters.finish()
    async for presses in stream_presses_by_prompt(connection, _wanted(guild_id)):
        prompts.add(_usable(presses, members))
    return prompts.finish()


async def stream_preferences(
    connection: AsyncConnection, members: Container[UUID], community: Community, *, guild_id: int | None = None
) -> AsyncIterator[Preferences]:
    """Yield the preferences of each prompt; held are the presses of one prompt.

    guild_id: as `community` was measured with.

    The log has to be the one that `community` was measured of: one repeatable-read transaction for both.
    """
    async for presses in stream_presses_by_prompt(connection, _wanted(guild_id)):
        yield derive_preferences(_usable(presses, members), community)


def _wanted(guild_id: int | None) -> PressesWanted:
    # A picture that was reported in a direct message is so in the guild as well.
    return PressesWanted(guild_id=guild_id, everywhere=EXCLUDING)


def _usable(presses: Iterable[Press], members: Container[UUID]) -> list[Press]:
    return [press for press in presses if press.action.member_id in members or press.action.verb in EXCLUDING]
