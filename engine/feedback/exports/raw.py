"""The raw export: every job, picture and event as JSON lines, with the picture files; nothing derived, nobody named."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from engine.contract.errors import PictureCorrupt, SettingsInvalid, StorageFull
from engine.contract.feedback import Event
from engine.contract.jobs import Job, Picture, json_from_spec
from engine.feedback.anonymize import anonymous, numbers_from_members, png_without_texts
from engine.store.database import Database
from engine.store.objects import Objects, key_from_bytes
from engine.store.snapshots import Snapshot, open_snapshot

FORMAT = "easel-raw"
VERSION = 1

_LINES_AT_ONCE = 200

# Called with the rows written and the rows there are.
Report = Callable[[int, int], None]
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What an export holds; `damaged` are the keys of pictures without a file in it, as theirs is gone or altered."""

    jobs: int
    pictures: int
    events: int
    damaged: tuple[str, ...]


@dataclass(kw_only=True)
class _Tally:
    total: int
    report: Report
    done: int = 0
    damaged: list[str] = field(default_factory=list)

    def add(self, rows: int) -> None:
        self.done += rows
        self.report(self.done, self.total)


async def export_raw(database: Database, objects: Objects, folder: Path, *, report: Report) -> Exported:
    """Write `jobs.jsonl`, `pictures.jsonl`, `events.jsonl`, `export.json` and the files under `pictures/` to `folder`.

    Everything is as of one moment, and in memory only a few rows at a time. Members are numbers that no other export
    shares. The folder appears when it is complete, or not at all.

    Raises: SettingsInvalid when `folder` exists and is not an empty folder, StorageFull when the disk is full,
    StoreUnavailable when Postgres or the picture store goes away.
    """
    folder = await asyncio.to_thread(_unoccupied, folder)
    async with _complete_or_absent(folder) as building, open_snapshot(database) as snapshot:
        tally = _Tally(total=await snapshot.count_rows(), report=report)
        members = numbers_from_members(await snapshot.read_member_ids())
        exported = Exported(
            jobs=await _write_lines(building / "jobs.jsonl", _job_rows(snapshot, members), tally),
            pictures=await _write_lines(
                building / "pictures.jsonl", _picture_rows(snapshot, objects, building, tally), tally
            ),
            events=await _write_lines(building / "events.jsonl", _event_rows(snapshot, members), tally),
            damaged=tuple(tally.damaged),
        )
        await asyncio.to_thread(_write_about, building / "export.json", exported)
    return exported


async def _job_rows(snapshot: Snapshot, members: Mapping[UUID, int]) -> AsyncIterator[Row]:
    async for job in snapshot.stream_jobs():
        yield row_from_job(job, members)


async def _event_rows(snapshot: Snapshot, members: Mapping[UUID, int]) -> AsyncIterator[Row]:
    async for event in snapshot.stream_events():
        yield row_from_event(event, members)


async def _picture_rows(snapshot: Snapshot, objects: Objects, building: Path, tally: _Tally) -> AsyncIterator[Row]:
    async for picture in snapshot.stream_pictures():
        recipe = anonymous(picture.recipe)
        try:
            png = await objects.get(picture.object_key)
        except PictureCorrupt:
            tally.damaged.append(picture.object_key)
            yield row_from_picture(picture, recipe, None)
            continue
        if recipe != picture.recipe:
            png = png_without_texts(png)
        key = key_from_bytes(png, Path(picture.object_key).suffix)
        await asyncio.to_thread(_write_file, building / "pictures" / key, png)
        yield row_from_picture(picture, recipe, f"pictures/{key}")


def row_from_job(job: Job, members: Mapping[UUID, int]) -> Row:
    """Return the job as a line of the export; image prompts keep their weights and lose their addresses."""
    spec = json_from_spec(job.spec)
    spec["images"] = [{"weight": image["weight"]} for image in spec["images"]]
    return {
        "id": str(job.id),
        "member": members[job.member_id],
        "operation": job.operation.value,
        "spec": anonymous(spec),
        "seed": job.seed,
        "status": job.status.value,
        "attempts": job.attempts,
        "error": None if job.cause is None else job.cause["error"],
        "parent_job_id": _text(job.parent_job_id),
        "parent_picture_id": _text(job.parent_picture_id),
        "created_at": _text(job.created_at),
        "started_at": _text(job.started_at),
        "ended_at": _text(job.ended_at),
    }


def row_from_picture(picture: Picture, recipe: Any, file: str | None) -> Row:
    """Return the picture as a line of the export; `file` is where it lies in the folder, None where it is damaged."""
    return {
        "id": str(picture.id),
        "job_id": str(picture.job_id),
        "slot": picture.slot,
        "file": file,
        "width": picture.width,
        "height": picture.height,
        "seed": picture.seed,
        "recipe": recipe,
    }


def row_from_event(event: Event, members: Mapping[UUID, int]) -> Row:
    """Return the event as a line of the export, without the id of its press, which is Discord's."""
    return {
        "id": str(event.id),
        "member": members[event.member_id],
        "verb": event.verb.value,
        "job_id": str(event.job_id),
        "picture_id": _text(event.picture_id),
        "value": event.value,
        "shown": [{"picture_id": str(shown.picture_id), "slot": shown.slot} for shown in event.shown],
        "surface": event.surface.value,
        "is_owner": event.is_owner,
        "latency_ms": None if event.latency is None else round(event.latency.total_seconds() * 1000),
        "model": event.model,
        "model_hash": event.model_hash,
        "consent": event.consent.value,
        "at": _text(event.at),
    }


async def _write_lines(path: Path, rows: AsyncIterator[Row], tally: _Tally) -> int:
    written, lines = 0, list[str]()
    with path.open("w", encoding="utf-8") as file:
        async for row in rows:
            lines.append(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
            if len(lines) == _LINES_AT_ONCE:
                written += await _flush(file.writelines, lines, tally)
        written += await _flush(file.writelines, lines, tally)
    return written


async def _flush(write: Callable[[list[str]], None], lines: list[str], tally: _Tally) -> int:
    rows = len(lines)
    await asyncio.to_thread(write, lines)
    lines.clear()
    tally.add(rows)
    return rows


def _write_file(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _write_about(path: Path, exported: Exported) -> None:
    about = {
        "format": FORMAT,
        "version": VERSION,
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "jobs": exported.jobs,
        "pictures": exported.pictures,
        "events": exported.events,
        "damaged": list(exported.damaged),
    }
    path.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def _unoccupied(folder: Path) -> Path:
    folder = folder.expanduser().absolute()
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        problem = f"{folder} exists and is not an empty folder: name one that does not exist yet."
        raise SettingsInvalid(problems=(problem,))
    return folder


@asynccontextmanager
async def _complete_or_absent(folder: Path) -> AsyncIterator[Path]:
    """Yield a folder beside `folder` to write to, which takes its place when the block succeeds and goes when not."""
    try:
        building = await asyncio.to_thread(_make_beside, folder)
        try:
            yield building
            await asyncio.to_thread(os.replace, building, folder)
        except BaseException:
            shutil.rmtree(building, ignore_errors=True)
            raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StorageFull(path=folder) from error
        raise SettingsInvalid(problems=(f"{folder} cannot be written: {error.strerror}.",)) from error


def _make_beside(folder: Path) -> Path:
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    # As any folder the operator makes, not for its maker alone.
    building.chmod(0o755)
    return building


def _text(value: UUID | datetime | None) -> str | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return None if value is None else str(value)
