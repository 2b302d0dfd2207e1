"""The export formats: one file each, and the one table of them, by the name that `easel export` takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from engine.feedback.exports import release
from engine.feedback.exports.publish import export_published
from engine.feedback.exports.raw import export_raw
from engine.feedback.exports.request import Exported, ExportRequest
from engine.store.database import Database
from engine.store.objects import Objects


@dataclass(frozen=True, kw_only=True)
class Format:
    """An export format.

    contents: what it holds, in a few words. readers: who reads it. load: one line of how to.
    is_filtered: whether the request's bounds, seed and release mean anything to it.
    """

    contents: str
    readers: str
    load: str
    export: Callable[[Database, Objects, ExportRequest], Awaitable[Exported]]
    is_filtered: bool = True


async def _export_raw(database: Database, objects: Objects, request: ExportRequest) -> Exported:
    summary = await export_raw(
        database,
        objects,
        request.folder,
        read_members=request.read_agreeing or request.read_publishers,
        report=request.report,
        restarted=request.restarted,
        guild_id=request.guild_id,
    )
    counts = {
        "jobs": summary.jobs,
        "pictures": summary.pictures,
        "impressions": summary.impressions,
        "events": summary.events,
    }
    return Exported(counts=counts, damaged=summary.damaged)


FORMATS = MappingProxyType(
    {
        "raw": Format(
            contents="Jobs, pictures and events as they are stored",
            readers="you",
            load='[json.loads(line) for line in open("DIR/events.jsonl")]',
            export=_export_raw,
            is_filtered=False,
        ),
        **{
            described.name: Format(
                contents=described.title,
                readers=described.readers,
                load=described.load,
                export=partial(export_published, described=described),
            )
            for described in release.ALONE
        },
        "release": Format(
            contents=release.TITLE,
            readers="all of them",
            load='datasets.load_dataset("DIR")',
            export=release.export_release,
        ),
    }
)
