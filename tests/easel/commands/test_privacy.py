"""`easel privacy erase` erases a member for the operator, and leaves to the bot what only it can do."""

from __future__ import annotations

import json
from pathlib import Path

import sqlalchemy as sa

from engine.contract.feedback import Consent, Verb
from engine.store.database import Database
from engine.store.objects import Objects
from tests.easel.command import run_easel
from tests.engine.feedback.exports.community import SmallCommunity

KEPT = sa.text("SELECT (SELECT count(*) FROM members), (SELECT count(*) FROM jobs), (SELECT count(*) FROM erasures)")


async def test_a_member_is_erased(
    home: Path, database_url: str, database: Database, objects: Objects, storage_url: str
) -> None:
    """Once it is confirmed; the other member's things stay, and who is not known is a sentence."""
    community = SmallCommunity(database=database, objects=objects)
    gone, kept = [await community.join(Consent.PUBLISH) for _ in range(2)]
    mine, theirs = await community.paint(gone, "a cat"), await community.paint(kept, "a dog")
    for painted in (mine, theirs):
        await community.press(painted, 0, gone)
        await community.press(painted, 0, kept, Verb.RATE, 4)
    discord_id = str(community.snowflakes[0])
    set_up = {"home": home, "DATABASE_URL": database_url, "EASEL_STORAGE_URL": storage_url}

    for unknown in ("123", "9" * 30, "ada"):
        refused = await run_easel("privacy", "erase", unknown, "--yes", **set_up)  # type: ignore[arg-type]
        assert refused.code == 3 and f"Nothing is stored of {unknown}." in refused.err
    declined = await run_easel("privacy", "erase", discord_id, typed="n\n", **set_up)  # type: ignore[arg-type]
    assert declined.code == 1 and "1 prompt, 2 pictures with their files, 2 button presses" in declined.err
    async with database.begin() as connection:
        assert tuple((await connection.execute(KEPT)).one()) == (2, 2, 0)

    done = await run_easel("privacy", "erase", discord_id, "--yes", "--json", **set_up)  # type: ignore[arg-type]
    assert done.code == 0, done.err
    counts = {"jobs": 1, "pictures": 2, "actions": 3, "impressions": 1, "messages": 0}
    assert json.loads(done.out) == {"id": str(gone), "state": "erased", **counts}
    async with database.begin() as connection:
        assert tuple((await connection.execute(KEPT)).one()) == (1, 1, 1)
        left = sa.text("SELECT count(*) FROM erasures WHERE done_at IS NULL OR member_id IS NOT NULL")
        assert (await connection.execute(left)).scalar_one() == 0
    assert not await objects.find([picture.object_key for picture in mine.pictures])
    assert len(await objects.find([picture.object_key for picture in theirs.pictures])) == 2

    by_member = await run_easel("privacy", "erase", str(kept), typed="y\n", **set_up)  # type: ignore[arg-type]
    assert (
        by_member.code == 0
        and "Erased 1 prompt, 2 pictures, 1 button press, 1 impression, 0 messages." in by_member.out
    )
