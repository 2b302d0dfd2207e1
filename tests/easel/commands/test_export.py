"""`easel export`, ended from outside."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.contract.feedback import Consent
from engine.store.database import open_database
from engine.store.objects import open_objects
from tests.easel.command import run_easel, start_easel
from tests.engine.feedback.exports.community import SmallCommunity
from tests.engine.worker.following import until
from tests.killing import blocked

_WAITING = sa.text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@pytest.mark.kills
async def test_an_ended_export_leaves_nothing(home: Path, database_url: str, tmp_path: Path) -> None:
    """SIGTERM and a closed terminal make it clean up; what SIGKILL leaves, the next export removes, and says so."""
    folder = tmp_path / "exports"
    async with open_database(database_url) as database:
        community = SmallCommunity(database=database, objects=open_objects((tmp_path / "pictures").as_uri()))
        await community.paint(await community.join(Consent.TRAIN), "a cat")
    arguments = ("export", "raw", "-o", str(folder / "all"))

    async with open_database(database_url, pool_size=1) as database:

        async def is_waiting() -> bool:
            # A statement that Postgres has not begun cannot be cancelled.
            async with database.begin() as connection:
                return bool((await connection.execute(_WAITING)).scalar_one()) and any(folder.iterdir())

        for number, expected in ((signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGKILL, 1)):
            async with blocked(database_url, "LOCK TABLE actions"):
                export = await start_easel(*arguments, home=home, DATABASE_URL=database_url)
                await until(is_waiting)
                export.send_signal(number)
                # Postgres may miss the request to cancel; then the export ends with its session, as one that lost it.
                await asyncio.wait({asyncio.create_task(export.wait())}, timeout=30)
            await export.communicate()
            assert len(list(folder.iterdir())) == expected
            assert export.returncode in ((-number,) if number is signal.SIGKILL else (128 + number, 5))
    store = (tmp_path / "pictures").as_uri()
    done = await run_easel(*arguments, home=home, DATABASE_URL=database_url, EASEL_STORAGE_URL=store)
    assert done.code == 0, done.err
    assert f"An export to {folder / 'all'} was ended before it was complete." in done.err
    assert [path.name for path in folder.iterdir()] == ["all"]


async def test_preferences_that_nobody_agreed_to_publish_are_no_export(
    home: Path, database_url: str, tmp_path: Path
) -> None:
    """One sentence says so, and the folder is not there; the raw export takes no bounds."""
    done = await run_easel(
        "export",
        "pickapic",
        "-o",
        str(tmp_path / "out"),
        "--json",
        "--since",
        "2026-01-01",
        home=home,
        DATABASE_URL=database_url,
    )
    assert (done.code, json.loads(done.out)) == (
        1,
        {"folder": None, "reason": "nobody_agreed", "pairs": 0, "damaged": []},
    )
    assert done.err.strip() == "No member has agreed to publishing yet, so there is nothing to export."
    assert not (tmp_path / "out").exists()
    refused = await run_easel("export", "raw", "-o", str(tmp_path / "out"), "--split-seed", "3", home=home)
    assert refused.code == 2 and "--split-seed" in refused.err


async def test_what_nothing_can_be_exported_of_is_refused(home: Path, tmp_path: Path) -> None:
    """With the formats that there are, and how days are written; a release's name becomes that of a folder."""
    for arguments, said in (
        (("hpd4",), "webdataset"),
        (("release", "--release", "../up"), "letters, digits"),
        (("raw", "--release", "spring"), "--release"),
        (("sft", "--since", "31.01.2026"), "such as 2026-01-31"),
        (("sft", "--since", "2026-02-01", "--until", "2026-01-01"), "later than --since"),
    ):
        refused = await run_easel("export", *arguments, "-o", str(tmp_path / "out"), home=home)
        assert refused.code == 2 and said in refused.err
    assert not (tmp_path / "out").exists()
