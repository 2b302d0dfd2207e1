"""What is kept of runs on the log, and `easel learn list`, as real processes."""

from __future__ import annotations

import json
from pathlib import Path

from engine.contract.feedback import Consent
from engine.store.database import Database
from engine.store.objects import Objects
from tests.easel.command import run_easel
from tests.easel.models import save_models_file
from tests.engine.feedback.exports.community import SmallCommunity

COLOURS = ("red", "green", "blue", "black", "white")
ANIMALS = ("cat", "dog", "horse", "fish", "mouse", "lion", "whale", "crow")
SMALL = ("--steps", "4", "--pairs", "4", "--rank", "2")


async def test_an_adapter_names_whose_votes_it_used(
    home: Path, database_url: str, database: Database, objects: Objects, storage_url: str, tmp_path: Path
) -> None:
    """Promoting it and taking it back is recorded; once a member is erased, the erasure and the list name it."""
    community = SmallCommunity(database=database, objects=objects, model="tiny")
    ada, ben, other = [await community.join(consent) for consent in (Consent.TRAIN, Consent.TRAIN, Consent.TRAIN)]
    for at in range(40):
        grid = await community.paint(ada, f"a {COLOURS[at // 8]} {ANIMALS[at % 8]}", num_pictures=4)
        for member in (ada, ben):
            await community.press(grid, at % 4, member)
    models = save_models_file(tmp_path)
    given = {"EASEL_MODELS_FILE": str(models), "DATABASE_URL": database_url, "EASEL_STORAGE_URL": storage_url}
    empty = await run_easel("learn", "list", home=home, **given)
    assert empty.out == "No adapter has been trained on members' votes yet. `easel learn train -o DIR` trains one.\n"

    run = str(tmp_path / "run")
    done = await run_easel("learn", "train", "-o", run, *SMALL, home=home, **given)
    assert done.code == 0, done.err
    (kept,) = json.loads((await run_easel("learn", "list", "--json", home=home, **given)).out)
    assert (kept["state"], kept["members"], kept["train_anew"], kept["folder"]) == ("trained", 2, False, run)
    assert kept["figures"]["distance"] > 0 and [line["step"] for line in kept["figures"]["log"]] == [4]
    for command, state in ((("promote", run, "--anyway"), "promoted"), (("rollback",), "rolled_back")):
        changed = await run_easel("learn", *command, home=home, **given)
        assert changed.code == 0, changed.err
        (kept,) = json.loads((await run_easel("learn", "list", "--json", home=home, **given)).out)
        assert kept["state"] == state

    uninvolved = await run_easel("privacy", "erase", str(other), "--yes", home=home, **given)
    assert uninvolved.code == 0 and kept["name"] not in uninvolved.out
    assert (await run_easel("learn", "list", "--quiet", home=home, **given)).out == ""
    erased = await run_easel("privacy", "erase", str(ben), "--yes", home=home, **given)
    assert f"train anew with `easel learn train`: {kept['name']}." in erased.out
    assert (await run_easel("learn", "list", "--quiet", home=home, **given)).out == f"{kept['name']}\n"
    assert "1 member was erased" in (await run_easel("learn", "list", home=home, **given)).out
