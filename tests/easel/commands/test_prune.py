"""`easel prune`: old jobs go with all that is theirs, and nothing that anybody wants or reads."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from bot.store.pruning import prune_batch
from engine.contract.feedback import Verb
from engine.contract.ids import new_id
from engine.contract.jobs import Job
from engine.feedback.store.actions import append_actions
from engine.feedback.store.retention import Retention
from engine.store.database import Database
from engine.store.jobs import read_pictures, submit_job
from engine.store.objects import Objects
from engine.store.prune_lock import hold_prune_lock
from engine.store.snapshots import open_snapshot
from engine.store.tables import jobs
from engine.store.uploads import record_uploads, upload_of
from tests.bot.engine_hand import EngineHand
from tests.easel.command import CommandResult, run_easel
from tests.engine.feedback.store.test_actions import rating
from tests.engine.worker.following import count
from tests.fakes import request_for

Prune = Callable[..., Awaitable[CommandResult]]
OLD = timedelta(days=100)


@pytest.fixture
def prune(home: Path, database_url: str, storage_url: str) -> Prune:
    """Runs `easel prune` for jobs of more than ninety days."""

    async def run(*words: str) -> CommandResult:
        words = ("prune", "--older-than", "90d", *words)
        return await run_easel(*words, home=home, DATABASE_URL=database_url, EASEL_STORAGE_URL=storage_url)

    return run


@pytest.fixture
def hand(database: Database, objects: Objects) -> EngineHand:
    return EngineHand(database=database, objects=objects)


async def painted(
    hand: EngineHand,
    *,
    seed: int = 7,
    age: timedelta = OLD,
    parent: tuple[UUID, UUID] | None = None,
    upload: bytes | None = None,
    member_id: UUID | None = None,
) -> Job:
    """Return a finished job of that age; the files of two seeds are not the same."""
    request = dataclasses.replace(request_for(member_id or new_id(), parent=parent), seed=seed)
    if upload:
        brought = upload_of(upload, 8, 8)
        request = dataclasses.replace(request, image_keys=(brought.object_key,))
    async with hand.database.begin() as connection:
        if upload:
            await record_uploads(connection, request.member_id, [brought])
            await hand.objects.put(upload, ".png")
        job = await submit_job(connection, request)
    await hand.finish(job)
    await make_old(hand.database, job, age)
    return await hand.job(job.id)


async def make_old(database: Database, job: Job, age: timedelta) -> None:
    """Let the job have ended so long ago, and what was brought for it have been brought then."""
    then = datetime.now(UTC) - age
    async with database.begin() as connection:
        await connection.execute(sa.update(jobs).where(jobs.c.id == job.id).values(ended_at=then))
        await connection.execute(
            sa.text("UPDATE uploads SET created_at = :then WHERE member_id = :member"),
            {"then": then, "member": job.member_id},
        )


async def left(hand: EngineHand) -> set[UUID]:
    return {job.id for job in await hand.jobs()}


def files_of(url: str) -> set[str]:
    """Return the keys of all files in the picture store."""
    folder = Path(url.removeprefix("file://"))
    return {str(path.relative_to(folder)) for path in folder.rglob("*.*") if path.is_file()}


async def press(hand: EngineHand, job: Job, verb: Verb, value: int, number: int) -> None:
    """Rate the job's first picture, or mark it as a favourite."""
    async with hand.database.begin() as connection:
        (picture, *_) = await read_pictures(connection, job.id)
        action = dataclasses.replace(rating(job, 1), verb=verb, value=value, picture_id=picture.id, slot=0)
        assert await append_actions(connection, [dataclasses.replace(action, press_id=action.press_id + number)])


async def test_what_is_old_goes_with_its_files(prune: Prune, hand: EngineHand, storage_url: str) -> None:
    """Its presses and uploads too; a file that a newer job has stays, and a dry run deletes nothing."""
    ada = new_id()
    old = await painted(hand, seed=1, upload=b"first", member_id=ada)
    shared = await painted(hand, seed=2, upload=b"second", member_id=ada)
    await press(hand, old, Verb.RATE, 4, 1)
    new = await painted(hand, seed=2, age=timedelta(days=1))
    again = await painted(hand, seed=3, age=timedelta(days=1), upload=b"second", member_id=ada)
    await make_old(hand.database, old, OLD)
    async with hand.database.begin() as connection:
        kept = {picture.object_key for job in (new, again) for picture in await read_pictures(connection, job.id)}
    before = files_of(storage_url)
    dry = json.loads((await prune("--dry-run", "--json")).out)
    assert (dry["jobs"], dry["pictures"], dry["bytes"] > 1000, dry["dry_run"]) == (2, 8, True, True)
    assert files_of(storage_url) == before and len(await left(hand)) == 4
    done = await prune("--yes", "--json")
    assert json.loads(done.out) == {**dry, "dry_run": False}
    assert await left(hand) == {new.id, again.id}
    keys = {key for job in (new, again) for key in (job.grid_key, *job.image_keys) if key}
    assert files_of(storage_url) == kept | keys
    counts = [
        await count(hand.database, f"SELECT count(*) FROM {table}") for table in ("actions", "uploads", "erasures")
    ]
    assert counts == [0, 1, 0]
    assert await count(hand.database, "SELECT sum(jobs) FROM prunes") == 2
    assert (await prune("--yes")).out == "Deleted 0 jobs with 0 pictures, 0.0 MB.\n"
    assert shared.image_keys == again.image_keys


async def test_ratings_and_favourites_decide(prune: Prune, hand: EngineHand) -> None:
    """The last press of each member counts: what was taken back is no rating and no favourite."""
    loved, disliked, mixed, unrated, favourite, former = [await painted(hand) for _ in range(6)]
    presses = (
        (loved, Verb.RATE, 4),
        (disliked, Verb.RATE, 1),
        (mixed, Verb.RATE, 1),
        (mixed, Verb.RATE, 3),
        (favourite, Verb.FAVOURITE, 1),
        (former, Verb.FAVOURITE, 1),
        (former, Verb.FAVOURITE, 0),
    )
    for number, (job, verb, value) in enumerate(presses, 1):
        await press(hand, job, verb, value, number)
    assert "Deleted 1 job with" in (await prune("--yes", "--below-rating", "2")).out
    assert await left(hand) == {job.id for job in (loved, mixed, unrated, favourite, former)}
    assert "Deleted 2 jobs with" in (await prune("--yes", "--unrated")).out
    assert await left(hand) == {job.id for job in (loved, mixed, favourite)}
    assert "Deleted 1 job with" in (await prune("--yes", "--unrated", "--below-rating", "4")).out
    assert "Deleted 1 job with" in (await prune("--yes")).out
    assert await left(hand) == {favourite.id}


async def test_what_others_were_painted_from_stays(prune: Prune, hand: EngineHand) -> None:
    """As long as they do: a whole line of old jobs goes at once."""
    first = await painted(hand, age=OLD + timedelta(hours=2))
    async with hand.database.begin() as connection:
        (source, *_) = await read_pictures(connection, first.id)
    second = await painted(hand, age=timedelta(days=1), parent=(first.id, source.id))
    assert "Deleted 0 jobs" in (await prune("--yes")).out
    await make_old(hand.database, second, OLD)
    assert "Would delete 2 jobs with 8 pictures" in (await prune("--dry-run")).out
    assert "Deleted 2 jobs with 8 pictures" in (await prune("--yes")).out
    assert await left(hand) == set()


async def test_a_prune_that_was_killed_is_finished_by_the_next(
    prune: Prune, hand: EngineHand, storage_url: str
) -> None:
    """Its rows were deleted with the list of their files, and none of these."""
    await painted(hand)
    async with hand.database.begin() as connection:
        rule = Retention(before=datetime.now(UTC) - timedelta(days=90))
        assert (await prune_batch(connection, rule, None, set())).erasure
    assert await left(hand) == set() and len(files_of(storage_url)) == 5
    assert (await prune("--yes")).code == 0
    assert files_of(storage_url) == set()
    assert await count(hand.database, "SELECT count(*) FROM erasure_objects") == 0


async def test_nothing_is_pruned_that_an_export_reads(prune: Prune, hand: EngineHand, database_url: str) -> None:
    """Nor by two prunes at once; both are told, and a dry run is in nobody's way."""
    job = await painted(hand)
    async with open_snapshot(hand.database):
        refused = await prune("--yes")
        assert (refused.code, refused.out) == (3, ""), refused.err
        assert refused.err.startswith("An export or a backup is running and reads the pictures.")
        assert "Would delete 1 job" in (await prune("--dry-run")).out
    async with hold_prune_lock(database_url):
        second = await prune("--yes")
        assert (second.code, second.err) == (
            3,
            "Another prune is running. Wait until it has ended, then run this again.\n",
        )
    assert await left(hand) == {job.id}
    assert "Deleted 1 job" in (await prune("--yes")).out


@pytest.mark.parametrize("age", ["-90d", "0d", "90", "1y", "99999d"])
async def test_an_age_that_is_none_is_refused(home: Path, age: str) -> None:
    refused = await run_easel("prune", f"--older-than={age}", home=home)
    assert (refused.code, f'"{age}" is not an age.' in " ".join(refused.err.split())) == (2, True), refused.err


async def test_it_asks_first(prune: Prune, hand: EngineHand) -> None:
    """Without an answer, nothing is deleted."""
    job = await painted(hand)
    asked = await prune()
    assert (asked.code, "This deletes 1 job with 4 pictures" in asked.err) == (1, True)
    assert await left(hand) == {job.id}
