"""`easel learn profiles` as a real process: styles of members, from their own votes alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.contract.feedback import Consent
from engine.contract.training import PROFILE
from engine.store.database import Database
from engine.store.objects import Objects
from tests.easel.command import run_easel
from tests.easel.commands.test_learn import SMALL
from tests.easel.commands.test_learn_log import rated_log
from tests.easel.models import save_models_file


async def test_a_style_is_trained_once_there_are_enough_votes(
    home: Path, database_url: str, database: Database, objects: Objects, storage_url: str, tmp_path: Path
) -> None:
    """Of members who want one and agree to training; it is not trained again before there is more to learn.

    Nothing is left in the folder, and of whom it has learnt is known.
    """
    community, (ada, ben, unwilling) = await rated_log(database, objects)
    newcomer = await community.join(Consent.TRAIN)
    await ask_for_styles(database, ada, unwilling)
    given = {
        "EASEL_MODELS_FILE": str(save_models_file(tmp_path)),
        "DATABASE_URL": database_url,
        "EASEL_STORAGE_URL": storage_url,
    }
    profiles = ("learn", "profiles", "-o", str(tmp_path / "styles"), *SMALL, "--json")
    done = await run_easel(*profiles, home=home, **given)
    assert done.code == 0, done.err
    assert json.loads(done.out) == {"wanted": 1, "trained": 1, "left": 0, "failed": 0}
    assert list((tmp_path / "styles").iterdir()) == []
    (style,) = await rows(database, "SELECT member_id, name, model, object_key FROM own_adapters")
    assert (style["member_id"], style["name"], style["model"]) == (ada, PROFILE, "tiny")
    assert (await objects.get(style["object_key"]))[8:].startswith(b"{")
    sources = await rows(database, "SELECT member_id FROM profile_sources")
    # Their own votes, on pictures of both.
    assert {row["member_id"] for row in sources} == {ada, ben}

    # A timetable counts for whoever has asked since, and has nothing new to learn.
    await ask_for_styles(database, newcomer)
    watched = await run_easel(
        "learn", "watch", "-o", str(tmp_path / "runs"), "--votes", "100000", "--once", home=home, **given
    )
    assert watched.code == 0, watched.err
    assert len(await rows(database, "SELECT id FROM own_adapters")) == 1
    found = await rows(database, "SELECT member_id, num_votes, num_learned FROM profiles")
    counted = {row["member_id"]: (row["num_votes"], row["num_learned"]) for row in found}
    assert counted[newcomer] == (0, None) and counted[unwilling] == (None, None)
    assert counted[ada][0] == counted[ada][1] >= 100


async def ask_for_styles(database: Database, *member_ids: UUID) -> None:
    """Let members want a style of their own."""
    async with database.begin() as connection:
        for member_id in member_ids:
            await connection.execute(sa.text("INSERT INTO profiles (member_id) VALUES (:id)"), {"id": member_id})


async def rows(database: Database, query: str) -> list[dict[str, Any]]:
    """Return what the query finds."""
    async with database.begin() as connection:
        return [dict(row._mapping) for row in await connection.execute(sa.text(query))]
