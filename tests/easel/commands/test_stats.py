"""`easel stats` prints the summary of the log, in tables or as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from engine.contract.feedback import Consent, Verb
from engine.store.database import Database
from engine.store.objects import Objects
from tests.easel.command import run_easel
from tests.engine.feedback.exports.community import SmallCommunity


async def test_stats_are_printed(home: Path, database_url: str, database: Database, objects: Objects) -> None:
    empty = await run_easel("stats", home=home, DATABASE_URL=database_url)
    assert (empty.code, empty.out) == (0, "Nobody has pressed or rated anything yet, so there is nothing to show.\n"), (
        empty.err
    )
    community = SmallCommunity(database=database, objects=objects)
    member = await community.join(Consent.USE)
    painted = await community.paint(member, "a red [/circle]")
    await community.press(painted, 1, member)
    await community.press(painted, 1, member, Verb.RATE, 4)
    shown = await run_easel("stats", home=home, DATABASE_URL=database_url)
    lines = [" ".join(line.split()) for line in shown.out.splitlines()]
    assert lines[0] == "2 presses by 1 member; Gini coefficient 0.00."
    assert "upscale of 2 1 0% (0%-79%) 100% (21%-100%) 0.32" in lines
    assert "a red [/circle] 0 0 0 1 4.00" in lines
    assert f"a red [/circle] 4.00 1 {painted.pictures[1].id}" in lines
    as_json = await run_easel("stats", "--days", "3", "--json", home=home, DATABASE_URL=database_url)
    assert json.loads(as_json.out)["raters"]["presses"] in {0, 2}
