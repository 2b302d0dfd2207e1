"""What a closed server leaves of an export: nothing while it is closed, and later nothing of that time."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.store.members import read_consent_record
from engine.contract.feedback import Consent
from engine.feedback.exports import FORMATS
from engine.feedback.exports.published import Withheld
from engine.feedback.exports.request import Exported, ExportRefused, Refusal
from engine.feedback.store.erasure import read_painted
from engine.feedback.store.erasures import claim_erasure, erase_rows, request_erasure
from engine.feedback.store.guilds import GuildChoice, store_guild_choices
from engine.store.database import Database
from engine.store.objects import Objects
from tests.engine.feedback.exports.community import (
    FIRST_PRESS,
    PRESSED_AT,
    SmallCommunity,
    request_to,
    rows_of,
)

GUILD, OTHER = 77, 78
SECOND = timedelta(seconds=1)


@pytest.fixture
def community(database: Database, objects: Objects) -> SmallCommunity:
    return SmallCommunity(database=database, objects=objects, guild_id=GUILD)


async def choose(
    community: SmallCommunity, presses: int, at: datetime, *, is_collecting: bool, guild: int = GUILD
) -> None:
    """Choose for the guild after so many presses."""
    choice = GuildChoice(press_id=FIRST_PRESS + presses, guild_id=guild, is_collecting=is_collecting, at=at)
    async with community.database.begin() as connection:
        await store_guild_choices(connection, [choice])


async def captions(community: SmallCommunity, folder: Path) -> tuple[set[str], Exported]:
    """Return the captions of an export of preferences, and what it says."""
    try:
        exported = await FORMATS["pickapic"].export(community.database, community.objects, request_to(folder))
    except ExportRefused as refused:
        assert refused.reason is Refusal.NOTHING_LEFT
        return set(), refused.exported
    return {row["caption"] for rows in rows_of(folder).values() for row in rows}, exported


async def test_nothing_of_a_server_that_is_closed_now(community: SmallCommunity, tmp_path: Path) -> None:
    """Not even what happened before; other servers and direct messages are not meant."""
    agreed = await community.join(Consent.PUBLISH)
    await community.press(await community.paint(agreed, "here"), 0, agreed)
    for guild_id, prompt in ((OTHER, "there"), (None, "private")):
        community.guild_id = guild_id
        await community.press(await community.paint(agreed, prompt), 0, agreed)
    assert (await captions(community, tmp_path / "open"))[0] == {"here", "there", "private"}
    await choose(community, 100, PRESSED_AT + SECOND, is_collecting=False)
    assert (await captions(community, tmp_path / "closed"))[0] == {"there", "private"}
    await choose(community, 101, PRESSED_AT + 2 * SECOND, is_collecting=True)
    assert (await captions(community, tmp_path / "again"))[0] == {"here", "there", "private"}


async def test_nothing_of_the_time_in_which_a_server_was_closed(community: SmallCommunity, tmp_path: Path) -> None:
    """Of presses, and of pictures that were shown then."""
    agreed = await community.join(Consent.PUBLISH)
    before, during = [await community.paint(agreed, prompt) for prompt in ("pressed before", "pressed meanwhile")]
    await community.press(before, 0, agreed)
    await choose(community, 2, PRESSED_AT + SECOND, is_collecting=False)
    await community.press(during, 0, agreed)
    await choose(community, 3, PRESSED_AT + 2 * SECOND, is_collecting=True)
    assert (await captions(community, tmp_path / "pressed"))[0] == {"pressed before"}
    await choose(community, 4, PRESSED_AT - SECOND, is_collecting=False)
    await choose(community, 5, PRESSED_AT + SECOND, is_collecting=True)
    found, exported = await captions(community, tmp_path / "shown")
    assert (found, exported.left_out) == (set(), {Withheld.CLOSED_SERVER: 1})


async def test_a_release_counts_who_was_erased(community: SmallCommunity) -> None:
    """Without saying who it was."""
    agreed, other = [await community.join(Consent.PUBLISH) for _ in range(2)]
    await community.press(await community.paint(agreed, "a cat"), 0, agreed)
    async with community.database.begin() as connection:
        assert (await read_consent_record(connection)).removals == {}
        await request_erasure(connection, agreed)
        erasure = await claim_erasure(connection)
        assert erasure is not None
        await erase_rows(connection, erasure, await read_painted(connection, agreed), {"messages": 1})
        record = await read_consent_record(connection)
    assert record.removals == {
        "members": 1, "jobs": 1, "pictures": 2, "actions": 1, "impressions": 1, "messages": 1,
    }  # fmt: skip
    assert other in record.versions
