"""`easel export`, ended from outside."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from engine.contract.feedback import Consent
from engine.store.database import open_database
from engine.store.objects import open_objects
from tests.easel.command import run_easel, start_easel
from tests.engine.feedback.exports.community import SmallCommunity
from tests.engine.worker.following import until
from tests.killing import blocked


@pytest.mark.kills
async def test_an_ended_export_leaves_nothing(home: Path, database_url: str, tmp_path: Path) -> None:
    """SIGTERM and a closed terminal make it clean up; what SIGKILL leaves, the next export removes, and says so."""
    folder = tmp_path / "exports"
    async with open_database(database_url) as database:
        community = SmallCommunity(database=database, objects=open_objects((tmp_path / "pictures").as_uri()))
        await community.paint(await community.join(Consent.TRAIN), "a cat")
    arguments = ("export", "raw", "-o", str(folder / "all"))

    async def is_writing() -> bool:
        return folder.exists() and any(folder.iterdir())

    for number, expected in ((signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGKILL, 1)):
        async with blocked(database_url, "LOCK TABLE actions"):
            export = await start_easel(*arguments, home=home, DATABASE_URL=database_url)
            await until(is_writing)
            export.send_signal(number)
            await export.communicate()
        assert len(list(folder.iterdir())) == expected
        assert export.returncode == (-number if number is signal.SIGKILL else 128 + number)
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
