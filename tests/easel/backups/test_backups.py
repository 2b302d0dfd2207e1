"""`easel backup` and `easel restore`: what was there is there again, and what is wrong is said in a sentence."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
import sqlalchemy as sa

from bot.store.learning.adapters import NewAdapter, add_evaluation, record_adapter
from easel.backups.lock import hold_backup_lock
from easel.backups.manifest import read_manifest
from engine.contract.ids import new_id
from engine.contract.training import ADAPTER_SUFFIX
from engine.store.database import Database, open_database
from engine.store.jobs import read_job, read_pictures
from engine.store.objects import Objects, open_objects
from engine.store.own_adapters import store_profile
from engine.store.restore_lock import RESTORE_LOCK
from engine.store.tables import jobs, pictures
from engine.store.transitions import finish_job
from tests.easel.command import CommandResult, run_easel
from tests.engine.store.stages import picture_of, started, submitted


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the backup goes."""
    return tmp_path / "backup"


@pytest.fixture
def other_storage(tmp_path: Path) -> str:
    """The address of another, empty picture store."""
    return (tmp_path / "restored").as_uri()


async def finished(database: Database, objects: Objects, colour: int) -> UUID:
    """Return a job with a stored picture and a stored grid."""
    job = await started(database, await submitted(database))
    png, grid = [await objects.put(bytes([colour, len(suffix)]) * 500, suffix) for suffix in (".png", ".jpeg")]
    async with database.begin() as connection:
        assert await finish_job(connection, job.id, [picture_of(job, 0, png)], grid, "image/jpeg", start=job.starts)
    return job.id


async def learned_files(database: Database, objects: Objects) -> tuple[str, str]:
    """Store a member's own style, and an adapter of the community with its sheet; return the keys of both files."""
    style, sheet = await objects.put(b"a style", ADAPTER_SUFFIX), await objects.put(b"before and after", ".jpg")
    adapter = NewAdapter(
        sha256="0" * 64,
        preferences_sha256="1" * 64,
        num_preferences=100,
        model="tiny",
        model_sha256="2" * 64,
        folder="run",
        read_at=datetime.now(UTC),
    )
    async with database.begin() as connection:
        await store_profile(connection, new_id(), "tiny", style)
        await record_adapter(connection, adapter, ())
        await add_evaluation(connection, adapter.sha256, {}, sheet)
    return style, sheet


async def give_mask(database: Database, job_id: UUID, key: str) -> None:
    """Let the job be one that painted the pixels of a mask anew."""
    async with database.begin() as connection:
        (picture,) = await read_pictures(connection, job_id)
        changes = {
            "operation": "inpaint",
            "parent_picture_id": picture.id,
            "edit": {"mask": {"sha256": Path(key).stem}},
        }
        await connection.execute(sa.update(jobs).where(jobs.c.id == job_id).values(**changes))


async def backup(folder: Path, home: Path, url: str, storage: str) -> CommandResult:
    return await run_easel("backup", str(folder), "--json", home=home, DATABASE_URL=url, EASEL_STORAGE_URL=storage)


async def restore(folder: Path, home: Path, url: str, storage: str) -> CommandResult:
    return await run_easel("restore", str(folder), "--json", home=home, DATABASE_URL=url, EASEL_STORAGE_URL=storage)


async def test_a_backup_restores_what_was_there(
    home: Path,
    folder: Path,
    database: Database,
    database_url: str,
    empty_url: str,
    objects: Objects,
    storage_url: str,
    other_storage: str,
) -> None:
    """Every row and every file, in another database and another store; a second restore is refused.

    The LoRAs of members and the sheets of trained adapters are among them.
    """
    job_id = await finished(database, objects, 1)
    learned = await learned_files(database, objects)
    done = await backup(folder, home, database_url, storage_url)
    assert (done.code, json.loads(done.out)["pictures"]) == (0, 4), done.err
    restored = await restore(folder, home, empty_url, other_storage)
    assert (restored.code, json.loads(restored.out)["jobs"]) == (0, 1), restored.err
    async with database.begin() as connection:
        before = await read_job(connection, job_id), await read_pictures(connection, job_id)
    async with open_database(empty_url) as other, other.begin() as connection:
        assert (await read_job(connection, job_id), await read_pictures(connection, job_id)) == before
    copies = open_objects(other_storage)
    job, (picture,) = before
    assert job and job.grid_key
    for key in (picture.object_key, job.grid_key, *learned):
        assert await copies.get(key) == await objects.get(key)
    again = await restore(folder, home, empty_url, other_storage)
    assert (again.code, again.out) == (5, "")
    assert "The database has tables already. Restore into an empty one" in again.err


async def test_the_next_backup_copies_what_is_new_and_forgets_what_was_erased(
    home: Path, folder: Path, database: Database, database_url: str, objects: Objects, storage_url: str
) -> None:
    """One folder holds the newest backup alone, and is whole at every moment."""
    first, second = [await finished(database, objects, colour) for colour in (1, 2)]
    await give_mask(database, second, await objects.put(b"mask", ".png"))
    done = await backup(folder, home, database_url, storage_url)
    assert (done.code, json.loads(done.out)["pictures"]) == (0, 5), done.err
    old = read_manifest(folder)
    async with database.begin() as connection:
        (erased,) = await read_pictures(connection, first)
        await connection.execute(sa.delete(pictures).where(pictures.c.job_id == first))
    await finished(database, objects, 3)
    done = await backup(folder, home, database_url, storage_url)
    assert (done.code, json.loads(done.out)["pictures"]) == (0, 6), done.err
    new = read_manifest(folder)
    assert new.dump != old.dump and _names_in(folder) == sorted([new.dump, "manifest.json", "pictures"])
    assert not (folder / "pictures" / erased.object_key).exists()


async def test_what_is_missing_is_told_and_the_rest_is_backed_up(
    home: Path, folder: Path, database: Database, database_url: str, objects: Objects, storage_url: str
) -> None:
    job_id = await finished(database, objects, 1)
    async with database.begin() as connection:
        (lost,) = await read_pictures(connection, job_id)
    await objects.delete(lost.object_key)
    done = await backup(folder, home, database_url, storage_url)
    assert done.code == 6
    assert f"The picture {lost.object_key} is damaged or missing in the picture store, so it was left out." in done.err
    assert json.loads(done.out)["missing"] == [lost.object_key]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda folder: (folder / "manifest.json").unlink(), "holds no backup, or one that was not finished."),
        (lambda folder: _change(folder, dump_sha256="0" * 64), "is damaged or missing. Use another backup."),
        (lambda folder: _change(folder, format=2), "A newer release of Easel has made this backup"),
        (lambda folder: _change(folder, revision="9999"), "newer than this release. Restore it with that release."),
        (lambda folder: (folder / "manifest.json").write_text("{"), "is damaged, or a newer release"),
    ],
)
async def test_a_backup_that_cannot_be_restored_is_told(
    home: Path,
    folder: Path,
    database_url: str,
    empty_url: str,
    storage_url: str,
    change: Callable[[Path], None],
    told: str,
) -> None:
    """In a sentence, and nothing is restored."""
    assert (await backup(folder, home, database_url, storage_url)).code == 0
    change(folder)
    done = await restore(folder, home, empty_url, storage_url)
    assert done.code in (5, 6) and told in done.err and "Traceback" not in done.err
    assert done.err.count("\n") == 1


def _change(folder: Path, **facts: object) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **facts}))


async def test_two_restores_at_once_do_not_meet(
    home: Path, folder: Path, database_url: str, empty_url: str, storage_url: str
) -> None:
    """The second one is told to wait, and changes nothing."""
    assert (await backup(folder, home, database_url, storage_url)).code == 0
    connection = await asyncpg.connect(empty_url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", RESTORE_LOCK)
        done = await restore(folder, home, empty_url, storage_url)
        assert done.code == 5 and "Another restore into this database is running." in done.err
    finally:
        await connection.close()
    results = await asyncio.gather(*(restore(folder, home, empty_url, storage_url) for _ in range(2)))
    assert sorted(result.code for result in results) == [0, 5]


async def test_two_backups_into_a_folder_do_not_meet(
    home: Path, folder: Path, database: Database, database_url: str, objects: Objects, storage_url: str
) -> None:
    """The second one is told to wait; each would remove the other's dump."""
    await finished(database, objects, 1)
    await asyncio.to_thread(folder.mkdir)
    with hold_backup_lock(folder):
        done = await backup(folder, home, database_url, storage_url)
    assert done.code == 4 and "Another backup into this folder is running." in done.err
    assert (await backup(folder, home, database_url, storage_url)).code == 0
    read_manifest(folder)


async def test_what_a_killed_backup_left_is_not_restored(
    home: Path, folder: Path, database: Database, database_url: str, empty_url: str, objects: Objects, storage_url: str
) -> None:
    """A picture that was being copied into an earlier backup is none of that."""
    await finished(database, objects, 1)
    assert (await backup(folder, home, database_url, storage_url)).code == 0
    (copied, _) = (folder / "pictures").rglob("*.*")
    half = copied.parent / f".{copied.name}.0123456789abcdef"
    await asyncio.to_thread(half.write_bytes, b"half of")
    done = await restore(folder, home, empty_url, storage_url)
    assert done.code == 0 and "damaged" not in done.err, done.err


async def test_a_folder_with_other_things_is_left_alone(
    home: Path, folder: Path, database_url: str, storage_url: str
) -> None:
    _write(folder / "letters.txt", "keep me")
    done = await backup(folder, home, database_url, storage_url)
    assert done.code == 4 and "holds other files, such as letters.txt" in done.err
    assert _names_in(folder) == ["letters.txt"]


async def test_a_file_is_no_folder_of_backups(home: Path, folder: Path, database_url: str, storage_url: str) -> None:
    """Neither to back up to nor to restore from: the same mistake has the same exit code."""
    file = folder / "letters.txt"
    _write(file, "keep me")
    for command in (backup, restore):
        done = await command(file, home, database_url, storage_url)
        assert done.code == 4 and str(file) in done.err and done.err.count("\n") == 1
    assert await asyncio.to_thread(file.read_text) == "keep me"


def _write(file: Path, text: str) -> None:
    file.parent.mkdir()
    file.write_text(text)


def _names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
