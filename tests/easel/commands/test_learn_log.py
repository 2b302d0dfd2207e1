"""`easel learn train` on the log, as a real process: what consent allows, and nothing from who withdraws it."""

from __future__ import annotations

import signal
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from engine.contract.feedback import Consent
from engine.store.database import Database
from engine.store.objects import Objects
from tests.easel.command import run_easel, start_easel
from tests.easel.commands.test_learn import SMALL
from tests.easel.models import save_models_file
from tests.engine.feedback.exports.community import SmallCommunity
from tests.engine.worker.following import until

COLOURS = ("red", "green", "blue", "black", "white")
ANIMALS = ("cat", "dog", "horse", "fish", "mouse", "lion", "whale", "crow")


async def rated_log(database: Database, objects: Objects, num_grids: int = 40) -> tuple[SmallCommunity, list[UUID]]:
    """Return a community of two who agree to training and one who does not; each rated every grid."""
    community = SmallCommunity(database=database, objects=objects, model="tiny")
    members = [await community.join(consent) for consent in (Consent.TRAIN, Consent.TRAIN, Consent.USE)]
    for at in range(num_grids):
        grid = await community.paint(members[at % 2], f"a {COLOURS[at // 8]} {ANIMALS[at % 8]}", num_pictures=4)
        for slot, member in zip((at % 4, at % 4, -1 - at % 4), members, strict=True):
            await community.press(grid, slot % 4, member)
    return community, members


async def test_only_what_members_agreed_to_is_learnt_from(
    home: Path, database_url: str, database: Database, objects: Objects, storage_url: str, tmp_path: Path
) -> None:
    """The presses of those who agreed to training, also without publishing; the folder has none of their pictures.

    As soon as one of them agrees no longer, what was learned is deleted; with too few votes left, nothing begins.
    """
    community, members = await rated_log(database, objects)
    given = {
        "EASEL_MODELS_FILE": str(save_models_file(tmp_path)),
        "DATABASE_URL": database_url,
        "EASEL_STORAGE_URL": storage_url,
    }
    train = ("learn", "train", "-o", str(tmp_path / "run"), *SMALL)
    done = await run_easel(*train, home=home, **given)
    assert done.code == 0, done.err
    learnt = int(done.out.split()[2])
    # One picture against the three beside it in each of the grids that are not held out.
    assert 100 <= learnt <= 120 and learnt % 3 == 0
    made = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert sorted(path.name for path in made) == [
        "adapter.safetensors",
        "checkpoint.safetensors",
        "log.jsonl",
        "record.json",
        "run.json",
        "votes.jsonl",
    ]
    assert not any(word in path.read_bytes() for path in made for word in (b"PNG", b"a red cat"))
    adapter = (tmp_path / "run" / "adapter.safetensors").read_bytes()
    again = await run_easel(*train, home=home, **given)
    assert (again.code, (tmp_path / "run" / "adapter.safetensors").read_bytes()) == (0, adapter), again.err
    await community.agree(members[1], Consent.USE)
    withdrawn = await run_easel(*train, home=home, **given)
    assert (withdrawn.code, "agrees to training no longer" in withdrawn.err) == (1, True), withdrawn.err
    assert list((tmp_path / "run").iterdir()) == []
    few = await run_easel(*train, home=home, **given)
    assert (few.code, "and at least 100 are needed" in few.err) == (1, True), few.err
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.kills
async def test_a_run_that_was_killed_learns_no_more_from_who_withdrew_meanwhile(
    home: Path, database_url: str, database: Database, objects: Objects, storage_url: str, tmp_path: Path
) -> None:
    """What it had learnt is deleted, and no adapter is recorded."""
    community, members = await rated_log(database, objects)
    train = ("learn", "train", "-o", str(tmp_path / "run"), *SMALL, "--steps", "1000")
    models = str(save_models_file(tmp_path))
    running = await start_easel(
        *train, home=home, EASEL_MODELS_FILE=models, DATABASE_URL=database_url, EASEL_STORAGE_URL=storage_url
    )

    async def has_checkpoint() -> bool:
        return (tmp_path / "run" / "checkpoint.safetensors").exists()

    await until(has_checkpoint)
    await community.agree(members[1], Consent.USE)
    running.send_signal(signal.SIGKILL)
    await running.communicate()
    withdrawn = await run_easel(
        *train, home=home, EASEL_MODELS_FILE=models, DATABASE_URL=database_url, EASEL_STORAGE_URL=storage_url
    )
    assert (withdrawn.code, "agrees to training no longer" in withdrawn.err) == (1, True), withdrawn.err
    assert list((tmp_path / "run").iterdir()) == []
    async with database.begin() as connection:
        assert (await connection.execute(sa.text("SELECT count(*) FROM learned_adapters"))).scalar_one() == 0
