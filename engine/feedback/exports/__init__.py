"""The export formats: one file each, and the one table of them, by the name that `easel export` takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import MappingProxyType

from engine.feedback.exports.pickapic import export_pickapic
from engine.feedback.exports.raw import export_raw
from engine.feedback.exports.request import Exported, ExportRequest
from engine.store.database import Database
from engine.store.objects import Objects


@dataclass(frozen=True, kw_only=True)
class Format:
    """An export format; `is_filtered` says whether the request's bounds and seed mean anything to it."""

    export: Callable[[Database, Objects, ExportRequest], Awaitable[Exported]]
    is_filtered: bool


async def _export_raw(database: Database, objects: Objects, request: ExportRequest) -> Exported:
    summary = await export_raw(database, objects, request.folder, report=request.report)
    counts = {"jobs": summary.jobs, "pictures": summary.pictures, "events": summary.events}
    return Exported(counts=counts, damaged=summary.damaged)


FORMATS = MappingProxyType(
    {
        "raw": Format(export=_export_raw, is_filtered=False),
        "pickapic": Format(export=export_pickapic, is_filtered=True),
    }
)
