"""The raw export is complete, consistent, anonymous and atomic."""

from __future__ import annotations

import asyncio
import dataclasses
import fcntl
import json
import os
import re
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.errors import SettingsInvalid, StoreUnavailable
from engine.contract.feedback import Shown, Surface, Verb
from engine.contract.ids import new_id
from engine.contract.jobs import Job, Picture
from engine.contract.painting import PaintRequest
from engine.feedback.exports.raw import export_raw
from engine.feedback.exports.staging import atomic_folder, in_thread
from engine.feedback.records import Action, ConsentInForce
from engine.feedback.store.actions import append_actions
from engine.feedback.store.months import press_at
from engine.store.database import Database
from engine.store.jobs import read_pictures, submit_job
from engine.store.objects import Objects
from engine.store.tables import jobs
from engine.store.tables import pictures as picture_rows
from engine.store.transitions import finish_job, start_job
from tests.fakes import painted_from_request, request_for

_NAMING = re.compile(r"\d{17,20}|@|https?://|discord")
_PRESS = press_at(datetime.now(UTC)) + 123456


async def _finished(database: Database, objects: Objects, member: UUID, prompt: str) -> tuple[Job, Sequence[Picture]]:
    request = request_for(member, prompt)
    painted = painted_from_request(
        PaintRequest(
            job_id=request.id, member_id=member, operation=request.operation, spec=request.spec, seed=request.seed
        )
    )
    assert painted.grid is not None and painted.grid_type is not None
    keys = [await objects.put(picture.png, ".png") for picture in painted.pictures]
    pictures = [
        Picture(
            id=new_id(),
            job_id=request.id,
            slot=slot,
            object_key=key,
            width=picture.width,
            height=picture.height,
            seed=picture.seed,
            recipe=picture.recipe,
        )
        for slot, (picture, key) in enumerate(zip(painted.pictures, keys, strict=True))
    ]
    grid = await objects.put(painted.grid, ".jpg")
    async with database.begin() as connection:
        await submit_job(connection, request)
        job = await start_job(connection, request.id)
        assert job is not None
        await finish_job(connection, job.id, pictures, grid, painted.grid_type)
        return job, await read_pictures(connection, job.id)


def _press(job: Job, pictures: Sequence[Picture], member: UUID, value: int, number: int = 0) -> Action:
    return Action(
        press_id=_PRESS + number,
        impression_id=None,
        message_id=_PRESS,
        job_id=job.id,
        member_id=member,
        is_owner=member == job.member_id,
        verb=Verb.RATE,
        slot=None,
        picture_id=None,
        value=value,
        choice=None,
        variation=None,
        replaces=None,
        shown=tuple(Shown(picture_id=picture.id, slot=picture.slot) for picture in pictures),
        model="fake",
        model_hash="f4ce",
        surface=Surface.GUILD,
        latency=timedelta(seconds=3),
        consent=ConsentInForce(version=0, may_train=True, may_publish=False),
        at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _ignore(_done: int, _total: int) -> None: ...


async def _everybody(connection: AsyncConnection) -> set[UUID]:
    """Return every member who has a job, as those who agree."""
    return set((await connection.execute(sa.select(jobs.c.member_id))).scalars())


export_all = partial(export_raw, read_members=_everybody, report=_ignore)


async def test_what_a_classifier_finds_unsafe_is_marked(database: Database, objects: Objects, tmp_path: Path) -> None:
    """It may have been shown to nobody: whoever trains with the export decides."""
    await _finished(database, objects, new_id(), "a red circle")
    slot = picture_rows.c.slot
    async with database.begin() as connection:
        scores = sa.case((slot == 0, 0.5), (slot == 1, -0.5))
        await connection.execute(sa.update(picture_rows).values(unsafe_score=scores))
    await export_all(database, objects, tmp_path / "out")
    lines = _lines(tmp_path / "out" / "pictures.jsonl")
    assert {line["slot"]: line["unsafe_score"] for line in lines} == {0: 0.5, 1: -0.5, 2: None, 3: None}


async def test_everything_is_exported(database: Database, objects: Objects, tmp_path: Path) -> None:
    """Each job, picture and event is a line that refers to the others by id, and each picture's file is there."""
    owner, other = new_id(), new_id()
    job, pictures = await _finished(database, objects, owner, "a red circle")
    theirs, _ = await _finished(database, objects, other, "odd")
    async with database.begin() as connection:
        await append_actions(connection, [_press(job, pictures, other, 4)])
    told: list[tuple[int, int]] = []
    exported = await export_all(
        database, objects, tmp_path / "deep" / "out", report=lambda done, total: told.append((done, total))
    )
    assert (exported.jobs, exported.pictures, exported.events, exported.damaged) == (2, 8, 1, ())
    assert told[-1] == (11, 11)
    out = tmp_path / "deep" / "out"
    jobs, events = _lines(out / "jobs.jsonl"), _lines(out / "events.jsonl")
    assert sorted(line["member"] for line in jobs) == [0, 1]
    assert {line["id"]: line["member"] for line in jobs}[str(theirs.id)] == events[0]["member"]
    assert (events[0]["value"], events[0]["latency_ms"], events[0]["consent"]) == (4, 3000, "train")
    lines = [line for line in _lines(out / "pictures.jsonl") if line["job_id"] == str(job.id)]
    lines.sort(key=lambda line: int(line["slot"]))
    assert [shown["picture_id"] for shown in events[0]["shown"]] == [line["id"] for line in lines]
    for line, picture in zip(lines, pictures, strict=True):
        assert (out / line["file"]).read_bytes() == await objects.get(picture.object_key)
    assert json.loads((out / "export.json").read_text())["pictures"] == 8


async def test_nobody_is_named(database: Database, objects: Objects, tmp_path: Path) -> None:
    """No file of the export contains member ids, press ids, URLs, mentions or handles."""
    member = new_id()
    prompt = f"https://cdn.discordapp.com/a.png <@{_PRESS}> by @bob"
    job, pictures = await _finished(database, objects, member, prompt)
    async with database.begin() as connection:
        await append_actions(connection, [_press(job, pictures, member, 1)])
    await export_all(database, objects, tmp_path / "out")
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(files) == 9
    for path in files:
        data = path.read_bytes()
        assert str(member).encode() not in data
        assert member.bytes not in data
        if path.suffix == ".jsonl":
            assert _NAMING.search(data.decode()) is None


async def test_export_is_of_one_moment(database: Database, objects: Objects, tmp_path: Path) -> None:
    """What is committed after the export began is not in it."""
    job, pictures = await _finished(database, objects, new_id(), "a red circle")
    presses = [_press(job, pictures, job.member_id, 1, press) for press in (1, 2)]
    async with database.begin() as connection:
        await append_actions(connection, presses[:1])

    class LateObjects(Objects):
        async def copy(self, key: str, path: Path) -> None:
            async with database.begin() as connection:
                await append_actions(connection, presses[1:])
            return await super().copy(key, path)

    exported = await export_all(database, LateObjects(objects.store), tmp_path / "out")
    assert exported.events == 1


async def test_damaged_picture_is_told_not_fatal(database: Database, objects: Objects, tmp_path: Path) -> None:
    """A picture whose file is missing is exported without it and listed in the result."""
    _, pictures = await _finished(database, objects, new_id(), "a red circle")
    (tmp_path / "pictures" / pictures[1].object_key).unlink()
    exported = await export_all(database, objects, tmp_path / "out")
    assert exported.damaged == (pictures[1].object_key,)
    files = {line["slot"]: line["file"] for line in _lines(tmp_path / "out" / "pictures.jsonl")}
    assert [slot for slot, file in files.items() if file is None] == [1]


async def test_non_empty_folder_is_refused(database: Database, objects: Objects, tmp_path: Path) -> None:
    """A non-empty folder or a file is refused; an empty folder is used."""
    await _finished(database, objects, new_id(), "a red circle")
    occupied, file, empty = tmp_path / "occupied", tmp_path / "file", tmp_path / "empty"
    occupied.mkdir()
    (occupied / "mine").write_text("kept")
    file.write_text("kept")
    empty.mkdir()
    for folder in (occupied, file):
        with pytest.raises(SettingsInvalid, match="not an empty folder"):
            await export_all(database, objects, folder)
    assert [path.name for path in occupied.iterdir()] == ["mine"]
    await export_all(database, objects, empty)
    assert (empty / "export.json").exists()


async def test_interrupted_export_leaves_nothing(database: Database, objects: Objects, tmp_path: Path) -> None:
    """An export that fails leaves no folder behind."""

    class AwayObjects(Objects):
        async def copy(self, key: str, path: Path) -> None:
            raise StoreUnavailable(cause="away")

    await _finished(database, objects, new_id(), "a red circle")
    place = tmp_path / "place"
    with pytest.raises(StoreUnavailable):
        await export_all(database, AwayObjects(objects.store), place / "out")
    assert list(place.iterdir()) == []


async def test_unwritable_place_is_said(database: Database, objects: Objects, tmp_path: Path) -> None:
    """A folder that cannot be created raises SettingsInvalid with its path."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsInvalid, match="Cannot write to"):
        await export_all(database, objects, tmp_path / "file" / "out")


async def test_many_rows_are_streamed(database: Database, objects: Objects, tmp_path: Path) -> None:
    """More rows than one fetch are all exported, in order of id, which is that of the presses."""
    job, pictures = await _finished(database, objects, new_id(), "a red circle")
    first = _press(job, pictures, job.member_id, 1)
    async with database.begin() as connection:
        pressed = [dataclasses.replace(first, press_id=_PRESS + number, value=1 + number % 4) for number in range(1203)]
        await append_actions(connection, pressed)
    exported = await export_all(database, objects, tmp_path / "out")
    assert exported.events == 1203
    ids = [line["id"] for line in _lines(tmp_path / "out" / "events.jsonl")]
    assert ids == sorted(set(ids))
    assert len(ids) == 1203


async def test_what_killed_exports_left_is_removed(database: Database, objects: Objects, tmp_path: Path) -> None:
    """But not the folder of one that is still writing."""
    await _finished(database, objects, new_id(), "a red circle")
    exports = tmp_path / "exports"
    left, writing = exports / ".old.easel-export-1", exports / ".new.easel-export-2"
    for folder in (left, writing):
        (folder / "pictures").mkdir(parents=True)
        (folder / "pictures" / "a.png").write_bytes(b"png")
    lock = os.open(writing, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    await export_all(database, objects, exports / "out")
    assert _names(exports) == {"out", writing.name}
    os.close(lock)


async def test_a_cancelled_export_writes_nothing_afterwards(tmp_path: Path) -> None:
    """What a thread is writing at that moment is waited for, and removed with the rest."""
    began, may_write = threading.Event(), threading.Event()

    def write(path: Path) -> None:
        began.set()
        may_write.wait()
        path.mkdir(parents=True)

    async def export() -> None:
        async with atomic_folder(tmp_path / "out") as staging:
            await in_thread(write, staging.folder / "pictures" / "ab")

    exporting = asyncio.create_task(export())
    await asyncio.to_thread(began.wait)
    exporting.cancel()
    asyncio.get_running_loop().call_soon(may_write.set)
    with pytest.raises(asyncio.CancelledError):
        await exporting
    assert _names(tmp_path) == set()


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}
