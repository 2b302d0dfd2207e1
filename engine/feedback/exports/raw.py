"""The raw export: jobs, pictures, impressions and events as JSON Lines with the picture files, anonymized.

It holds what members allow by the consent in force now. A backup, which holds everything, is Postgres's own to make.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.errors import PictureCorrupt
from engine.contract.jobs import Job, Picture
from engine.feedback.anonymize import anonymize, assign_member_numbers, strip_png_metadata
from engine.feedback.exports.raw_log import LogFiles
from engine.feedback.exports.raw_rows import JsonRow, row_from_job, row_from_picture
from engine.feedback.exports.request import Exported, ExportRefused, Refusal, ReportProgress, Restart, ignore_restart
from engine.feedback.exports.staging import (
    atomic_folder,
    in_thread,
    left_over,
    require_empty,
    together,
    until_written,
)
from engine.feedback.store.copies import read_logged_ids
from engine.feedback.store.withheld import count_open, stream_open_jobs, stream_open_pictures, withhold
from engine.store.database import Database
from engine.store.file_copies import key_from_bytes, take_whole, write_whole
from engine.store.jobs import mask_key
from engine.store.objects import Objects
from engine.store.operator_jobs import OPERATOR_ID
from engine.store.snapshots import Snapshot, open_snapshot

FORMAT = "easel-raw"
VERSION = 2

_LINES_PER_WRITE = 200
_FILES_AT_ONCE = 4
_PICTURES = "pictures"

ReadMembers = Callable[[AsyncConnection], Awaitable[set[UUID]]]


@dataclass(frozen=True, kw_only=True)
class ExportSummary:
    """The contents of an export; `damaged` are the keys of pictures and masks that are missing or altered."""

    jobs: int
    pictures: int
    impressions: int
    events: int
    damaged: tuple[str, ...]


@dataclass(kw_only=True)
class _ExportProgress:
    total: int
    report: ReportProgress
    done: int = 0
    damaged: list[str] = field(default_factory=list)

    def add(self, rows: int) -> None:
        self.done += rows
        self.report(self.done, self.total)


async def export_raw(
    database: Database,
    objects: Objects,
    folder: Path,
    *,
    read_members: ReadMembers,
    report: ReportProgress,
    restarted: Callable[[Restart], None] = ignore_restart,
    guild_id: int | None = None,
) -> ExportSummary:
    """Write `jobs.jsonl`, `pictures.jsonl`, `impressions.jsonl`, `events.jsonl`, `export.json` and `pictures/`.

    read_members: returns the members who agree now to what the export is for.
    guild_id: Discord's id of the one guild that is exported; None for all there is.

    Guarantees: the export is a consistent snapshot, it holds only what the consent allows that is in force when it
    begins and when it ends, only a few rows are in memory at a time, member numbers differ between exports, and the
    folder appears only when it is complete. What killed exports left beside it is removed, but for the pictures that
    one to the same folder had copied: those that are still wanted are not copied again.

    Raises: ExportRefused when there is nothing to export or consent was withdrawn meanwhile; SettingsInvalid when
    `folder` exists and is not an empty folder, StorageFull when the disk is full, StoreUnavailable when Postgres or the
    picture store becomes unavailable.
    """
    folder = await asyncio.to_thread(require_empty, folder)
    async with atomic_folder(folder, kept=_PICTURES) as staging:
        if staging.was_begun:
            restarted(Restart.PICTURES)
        async with open_snapshot(database, is_read_only=False) as snapshot:
            agreed = await read_members(snapshot.connection)
            members = await _number(agreed, snapshot)
            name = await snapshot.share()
            async with open_snapshot(database, is_read_only=False, shared=name) as beside:
                await together(*(withhold(one.connection, members, guild_id) for one in (snapshot, beside)))
                total = await count_open(snapshot.connection, members, guild_id)
                progress = _ExportProgress(total=total, report=report)
                if not progress.total:
                    raise ExportRefused(Refusal.NOTHING_LEFT if agreed else Refusal.NOBODY_AGREED, Exported(counts={}))
                summary = await _write((snapshot, beside), objects, staging.folder, members, guild_id, progress)
        async with database.begin() as now:
            if not members.keys() <= {OPERATOR_ID, *await read_members(now)}:
                raise ExportRefused(Refusal.WITHDRAWN, Exported(counts={}))
    return summary


async def _number(agreed: set[UUID], snapshot: Snapshot) -> Mapping[UUID, int]:
    """Return new numbers for those who agree, of the members who have done anything; the operator always does."""
    seen = {*await snapshot.read_member_ids(), *await read_logged_ids(snapshot.connection)}
    return assign_member_numbers(seen & {OPERATOR_ID, *agreed}, secrets.token_bytes(32))


async def _write(
    snapshots: tuple[Snapshot, Snapshot],
    objects: Objects,
    staging: Path,
    members: Mapping[UUID, int],
    guild_id: int | None,
    progress: _ExportProgress,
) -> ExportSummary:
    """Write everything: jobs and pictures by one connection, and the log by both."""
    connection, beside = (snapshot.connection for snapshot in snapshots)
    log = LogFiles(staging, guild_id, progress.add)
    await log.divide(connection)

    async def write_jobs() -> tuple[int, int]:
        rows = _job_rows(connection, objects, staging, members, progress)
        jobs = await _write_lines(staging / "jobs.jsonl", rows, progress)
        rows = _picture_rows(connection, objects, staging, progress)
        pictures = await _write_lines(staging / "pictures.jsonl", rows, progress)
        await log.write(connection)
        return jobs, pictures

    (jobs, pictures), _ = await together(write_jobs(), log.write(beside))
    await in_thread(log.join)
    summary = ExportSummary(
        jobs=jobs,
        pictures=pictures,
        impressions=log.lines["impressions"],
        events=log.lines["actions"],
        damaged=tuple(progress.damaged),
    )
    await in_thread(_write_summary, staging / "export.json", summary)
    return summary


async def _job_rows(
    connection: AsyncConnection,
    objects: Objects,
    staging: Path,
    members: Mapping[UUID, int],
    progress: _ExportProgress,
) -> AsyncIterator[JsonRow]:
    async for job in stream_open_jobs(connection):
        yield row_from_job(job, members, await _copy_mask(job, objects, staging / _PICTURES, progress))


async def _copy_mask(job: Job, objects: Objects, folder: Path, progress: _ExportProgress) -> str | None:
    """Make the file of the job's mask among the pictures, and return its path; None without one that is whole."""
    key = mask_key(job.edit)
    if key is None:
        return None
    try:
        # Whoever paints a region again has the same mask.
        if not await in_thread((folder / key).exists):
            await _copy(key, objects, folder)
    except PictureCorrupt:
        progress.damaged.append(key)
        return None
    return f"{_PICTURES}/{key}"


async def _picture_rows(
    connection: AsyncConnection, objects: Objects, staging: Path, progress: _ExportProgress
) -> AsyncIterator[JsonRow]:
    """Yield the pictures in their order; the files of the next few are copied meanwhile."""
    copying = deque[asyncio.Task[JsonRow]]()
    try:
        async for picture in stream_open_pictures(connection):
            copying.append(asyncio.create_task(_copy_picture(picture, objects, staging / _PICTURES, progress)))
            if len(copying) > _FILES_AT_ONCE:
                yield await copying.popleft()
        while copying:
            yield await copying.popleft()
    finally:
        for task in copying:
            task.cancel()
        await asyncio.gather(*copying, return_exceptions=True)


async def _copy_picture(picture: Picture, objects: Objects, folder: Path, progress: _ExportProgress) -> JsonRow:
    """Make the picture's file, without the recipe in it where that had to be anonymized, and return its line."""
    recipe = anonymize(picture.recipe)
    key = picture.object_key
    try:
        if recipe == picture.recipe:
            await _copy(key, objects, folder)
        else:
            key = await in_thread(_write_stripped, folder, await objects.get(key), Path(key).suffix)
    except PictureCorrupt:
        progress.damaged.append(picture.object_key)
        return row_from_picture(picture, recipe, None)
    return row_from_picture(picture, recipe, f"{_PICTURES}/{key}")


async def _copy(key: str, objects: Objects, folder: Path) -> None:
    """Make the file as it is, from what an export that was killed had copied where that is whole."""
    if not await in_thread(take_whole, left_over(folder) / key, folder / key, key):
        await until_written(objects.copy(key, folder / key))


def _write_stripped(folder: Path, png: bytes, suffix: str) -> str:
    """Write the file without its text, and return its key."""
    stripped = strip_png_metadata(png)
    key = key_from_bytes(stripped, suffix)
    write_whole(folder / key, stripped)
    return key


async def _write_lines(path: Path, rows: AsyncIterator[JsonRow], progress: _ExportProgress) -> int:
    written, lines = 0, list[str]()
    with path.open("w", encoding="utf-8") as file:
        async for row in rows:
            lines.append(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
            if len(lines) == _LINES_PER_WRITE:
                written += await _flush(file.writelines, lines, progress)
        written += await _flush(file.writelines, lines, progress)
    return written


async def _flush(write: Callable[[list[str]], None], lines: list[str], progress: _ExportProgress) -> int:
    rows = len(lines)
    await in_thread(write, lines)
    lines.clear()
    progress.add(rows)
    return rows


def _write_summary(path: Path, summary: ExportSummary) -> None:
    content = {
        "format": FORMAT,
        "version": VERSION,
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "jobs": summary.jobs,
        "pictures": summary.pictures,
        "impressions": summary.impressions,
        "events": summary.events,
        "damaged": list(summary.damaged),
    }
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
